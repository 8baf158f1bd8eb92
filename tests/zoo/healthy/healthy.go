// Package healthy holds programs whose memory moves, and that do not leak.
package healthy

import (
	"container/list"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"zoo/serve"
)

const kib = 1 << 10

// LRU fills a cache to its cap of 20 MB within about 25 seconds, and evicts from then on.
func LRU(speed float64) {
	pages, order := map[int]*list.Element{}, list.New()
	number := 0
	serve.Every(40*speed, func() {
		number++
		pages[number] = order.PushBack(make([]byte, 20*kib))
		if order.Len() > 1000 {
			oldest := order.Front()
			order.Remove(oldest)
			delete(pages, number-1000)
		}
	})
}

// Churn holds 40 MB and throws away as much every few seconds, so that its heap is a saw.
func Churn(speed float64) {
	held := make([][]byte, 640)
	number := 0
	serve.Every(200*speed, func() {
		number++
		held[number%len(held)] = make([]byte, 64*kib)
	})
}

// WarmUp loads what it needs, ever more slowly, and holds it: 40 MB, half of them after eight seconds.
func WarmUp(speed float64) {
	var held [][]byte
	began := time.Now()
	serve.Every(20*speed, func() {
		wanted := 40_000 * (1 - math.Exp(-time.Since(began).Seconds()/12)) / 64
		for len(held) < int(wanted) {
			held = append(held, make([]byte, 64*kib))
		}
	})
}

// Load serves more and more requests at a time for 40 seconds, then fewer and fewer for as long. Each holds a buffer
// while it is served.
func Load(speed float64) {
	began := time.Now()
	serve.Every(20*speed, func() {
		phase := math.Mod(time.Since(began).Seconds(), 80) / 40
		for range int(4 * (1 - math.Abs(phase-1))) {
			go handle(make([]byte, 256*kib))
		}
	})
}

func handle(buffer []byte) {
	time.Sleep(500 * time.Millisecond)
	buffer[0]++
}

// Pool grows and shrinks between 8 and 24 MB with a period of 25 seconds.
func Pool(speed float64) {
	var pool [][]byte
	began := time.Now()
	serve.Every(10*speed, func() { pool = Breathe(pool, began) })
}

// Breathe makes a pool as large as the time since its beginning wants it.
func Breathe(pool [][]byte, began time.Time) [][]byte {
	wanted := int(256 - 128*math.Cos(2*math.Pi*time.Since(began).Seconds()/25))
	for len(pool) < wanted {
		pool = append(pool, make([]byte, 64*kib))
	}
	clear(pool[wanted:])
	return pool[:wanted]
}

// Buffers answers requests with buffers of mixed sizes from a pool, which are made larger where they are too small.
func Buffers(speed float64) {
	pool := sync.Pool{New: func() any { return new([]byte) }}
	serve.Every(40*speed, func() {
		size := MixedSize()
		go func() {
			buffer := pool.Get().(*[]byte)
			if cap(*buffer) < size {
				*buffer = make([]byte, size)
			}
			handle((*buffer)[:size])
			pool.Put(buffer)
		}()
	})
}

// MixedSize draws a size from 100 B to 1 MiB, of each order of magnitude as often: 113 KiB on average.
func MixedSize() int { return int(100 * math.Pow(1<<20/100.0, rand.Float64())) }

// Batch works on 24 MB for six seconds of every thirty.
func Batch(speed float64) {
	var rows [][]byte
	began := time.Now()
	serve.Every(10*speed, func() {
		if math.Mod(time.Since(began).Seconds(), 30) > 6 {
			rows = nil
			return
		}
		for range 6 {
			rows = append(rows, make([]byte, 64*kib))
		}
	})
}

// Idle only serves its profiles.
func Idle(float64) {}
