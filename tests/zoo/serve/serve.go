// Package serve answers on a port: pprof, and a metrics page in the way of the Prometheus client.
package serve

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

var started = time.Now()

// Start listens on addr and prints the address that it got.
func Start(addr string, withMetrics bool) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if withMetrics {
		http.HandleFunc("/metrics", metrics)
	}
	fmt.Printf("listening %s\n", listener.Addr())
	go http.Serve(listener, nil)
}

func metrics(w http.ResponseWriter, _ *http.Request) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	open, _ := os.ReadDir("/proc/self/fd")
	for _, metric := range []struct {
		name  string
		value float64
	}{
		{"process_start_time_seconds", float64(started.UnixMilli()) / 1000},
		{"process_resident_memory_bytes", resident()},
		{"process_open_fds", float64(len(open))},
		{"go_goroutines", float64(runtime.NumGoroutine())},
		{"go_memstats_heap_alloc_bytes", float64(m.HeapAlloc)},
		{"go_memstats_heap_objects", float64(m.HeapObjects)},
		{"go_memstats_heap_inuse_bytes", float64(m.HeapInuse)},
		{"go_memstats_heap_idle_bytes", float64(m.HeapIdle)},
		{"go_memstats_heap_released_bytes", float64(m.HeapReleased)},
		{"go_memstats_heap_sys_bytes", float64(m.HeapSys)},
		{"go_memstats_stack_inuse_bytes", float64(m.StackInuse)},
		{"go_memstats_sys_bytes", float64(m.Sys)},
		{"go_memstats_alloc_bytes_total", float64(m.TotalAlloc)},
	} {
		fmt.Fprintf(w, "%s %s\n", metric.name, strconv.FormatFloat(metric.value, 'g', -1, 64))
	}
}

func resident() float64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseFloat(strings.Fields(string(statm))[1], 64)
	return pages * float64(os.Getpagesize())
}

// Every calls work about perSecond times a second, for ever, in the background.
func Every(perSecond float64, work func()) {
	go func() {
		for range time.Tick(time.Duration(float64(time.Second) / perSecond)) {
			work()
		}
	}()
}

// Fill writes to all of a body, as one that was read: memory that nobody has written to may not be resident.
func Fill(body []byte) {
	for i := range body {
		body[i] = byte(i)
	}
}
