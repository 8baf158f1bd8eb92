// Writes one profile of each kind, in binary and in text, into the folder that is its argument.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"time"
)

type cache[K comparable, V any] struct{ entries map[K]V }

func (c *cache[K, V]) put(key K, value V) { c.entries[key] = value }

func bytes(n int) []byte { return make([]byte, n) } // inlined into its callers

func recurse(depth int) {
	if depth == 0 {
		kept = append(kept, bytes(300_000))
		return
	}
	recurse(depth - 1)
}

//go:noinline
func wait(ch chan int) { <-ch }

var (
	held = &cache[string, []byte]{entries: map[string][]byte{}}
	kept [][]byte
)

func main() {
	runtime.MemProfileRate = 4096
	for i := range 400 {
		held.put(fmt.Sprint(i), bytes(10_000+10*i))
		if i%50 == 0 {
			recurse(1 + i/50)
		}
	}
	for range 3 {
		_ = append([]byte(nil), bytes(1<<20)...)
	}
	ch := make(chan int)
	for range 7 {
		go pprof.Do(context.Background(), pprof.Labels("job", "import", "who", `a "b" é`), func(context.Context) { wait(ch) })
	}
	for range 5 {
		go wait(ch)
	}
	time.Sleep(50 * time.Millisecond)
	// A heap profile is as of the second collection before it; none may come between the two forms.
	runtime.GC()
	runtime.GC()
	debug.SetGCPercent(-1)
	for _, kind := range []string{"heap", "allocs", "goroutine", "threadcreate"} {
		write(kind, 0, ".pb.gz")
		write(kind, 1, ".txt")
	}
	write("goroutine", 2, ".dump")
	runtime.KeepAlive(ch)
}

func write(kind string, debug int, suffix string) {
	file, err := os.Create(filepath.Join(os.Args[1], kind+suffix))
	if err != nil {
		panic(err)
	}
	defer file.Close()
	if err := pprof.Lookup(kind).WriteTo(file, debug); err != nil {
		panic(err)
	}
}
