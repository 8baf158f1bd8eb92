// A program that writes profiles of itself: generics, inlining, recursion, labels, locks. `main FOLDER NAME`.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

type cache[K comparable, V any] struct {
	mu   sync.Mutex
	held map[K]V
}

func (c *cache[K, V]) put(k K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	time.Sleep(50 * time.Microsecond)
	c.held[k] = v
}

type node struct {
	left, right *node
	name        string
}

func tree(depth int) *node {
	if depth == 0 {
		return named("leaf")
	}
	return &node{tree(depth - 1), tree(depth - 1), named("inner").name}
}

func named(text string) *node { return &node{name: text + string(make([]byte, 20))} }

func fill(c *cache[int, []byte], from, to int) {
	for i := from; i < to; i++ {
		c.put(i, buffer(1 << (i % 12)))
	}
}

func buffer(size int) []byte { return make([]byte, size) }

func wait(c chan int) { <-c }

func spin(until time.Time) (sum int) {
	for time.Now().Before(until) {
		sum += fib(18)
	}
	return sum
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

func write(folder, name, kind string) {
	var out bytes.Buffer
	if err := pprof.Lookup(kind).WriteTo(&out, 0); err != nil {
		panic(err)
	}
	save(folder, name, kind, out.Bytes())
}

func save(folder, name, kind string, data []byte) {
	if err := os.WriteFile(filepath.Join(folder, name+"-"+kind+".pb.gz"), data, 0o644); err != nil {
		panic(err)
	}
}

func main() {
	folder, name := os.Args[1], os.Args[2]
	runtime.MemProfileRate = 4096
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1000)
	var cpu bytes.Buffer
	if err := pprof.StartCPUProfile(&cpu); err != nil {
		panic(err)
	}
	shared := &cache[int, []byte]{held: map[int][]byte{}}
	kept := tree(11)
	var group sync.WaitGroup
	for i := 0; i < 4; i++ {
		labels := pprof.Labels("worker", fmt.Sprint(i%2), "kind", "fill")
		group.Add(1)
		go pprof.Do(context.Background(), labels, func(context.Context) {
			defer group.Done()
			fill(shared, i*300, i*300+300)
			spin(time.Now().Add(40 * time.Millisecond))
		})
	}
	group.Wait()
	pprof.StopCPUProfile()
	blocked := make(chan int)
	for i := 0; i < 5; i++ {
		go wait(blocked)
	}
	go func() { select {} }()
	time.Sleep(20 * time.Millisecond)
	runtime.GC()
	runtime.GC()
	save(folder, name, "cpu", cpu.Bytes())
	for _, kind := range []string{"heap", "goroutine", "mutex", "block"} {
		write(folder, name, kind)
	}
	runtime.KeepAlive(kept)
	runtime.KeepAlive(shared)
}
