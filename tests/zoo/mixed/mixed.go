// Package mixed holds leaks that are hard to tell: beside other memory that moves, behind wrappers, in many places.
package mixed

import (
	"zoo/mixed/wrap"
	"zoo/serve"
)

// Programs are the programs by name.
var Programs = map[string]func(speed float64){
	"besidechurn": besideChurn,
	"two":         two,
	"wrappers":    wrappers,
	"generic":     generic,
	"places":      places,
	"appends":     appends,
	"kept":        keptFree,
	"both":        both,
	"another":     another,
	"bodies":      bodies,
	"halves":      halves,
}

var (
	kept    [][]byte
	pages   [][]byte
	entries list[[5_000]byte]
	records []record
	waiting []chan int
)

// besideChurn keeps 0.5 MB/s and throws away fifty times as much.
func besideChurn(speed float64) {
	held := make([][]byte, 200)
	number := 0
	serve.Every(250*speed, func() {
		number++
		held[number%len(held)] = make([]byte, 100_000)
	})
	serve.Every(10*speed, func() { remember() })
}

func remember() {
	kept = append(kept, make([]byte, 50_000)) // leaks: besidechurn
}

// two leaks heap and, by another mistake, goroutines.
func two(speed float64) {
	serve.Every(20*speed, func() { note() })
	serve.Every(20*speed, func() { hang() })
}

func note() {
	kept = append(kept, make([]byte, 50_000)) // leaks: two
}

func hang() {
	never := make(chan int)
	waiting = append(waiting, never)
	go func() {
		<-never // blocks: two
	}()
}

// wrappers asks a library for pages in two places, one of which keeps them: about 1.3 MB/s.
func wrappers(speed float64) {
	serve.Every(100*speed, func() { show(wrap.Page()) })
	serve.Every(20*speed, func() { keepPage() })
}

func show(page []byte) { page[0]++ }

func keepPage() {
	pages = append(pages, wrap.Page()) // leaks: wrappers
}

// generic appends to a list of a generic type: about 1 MB/s.
func generic(speed float64) {
	serve.Every(200*speed, func() { entries.push([5_000]byte{}) })
}

type list[T any] struct{ items []*T }

func (l *list[T]) push(item T) {
	made := new(T) // leaks: generic
	*made = item
	l.items = append(l.items, made)
}

// appends adds a row to the page of each request, in a function of any type, and forgets no page: about 1 MB/s.
func appends(speed float64) {
	number := 0
	serve.Every(50*speed, func() {
		number++
		pagesOf[number] = added(pagesOf[number], [20_000]byte{})
	})
}

var pagesOf = map[int][][20_000]byte{}

func added[T any](rows []T, row T) []T {
	return append(rows, row) // leaks: appends
}

// places decodes records that it keeps, each in many pieces of which none is most of it: about 1 MB/s.
func places(speed float64) {
	serve.Every(50*speed, func() { decode() })
}

type record struct{ one, two, three, four, five []byte }

func decode() {
	records = append(records, record{part(1), other(2), third(3), fourth(4), fifth(5)})
}

//go:noinline
func part(int) []byte { return make([]byte, 4_000) }

//go:noinline
func other(int) []byte { return make([]byte, 4_000) }

//go:noinline
func third(int) []byte { return make([]byte, 4_000) }

//go:noinline
func fourth(int) []byte { return make([]byte, 4_000) }

//go:noinline
func fifth(int) []byte { return make([]byte, 4_000) }
