package leaks

import (
	"os"
	"runtime"
	"syscall"

	"zoo/serve"
)

type chunk struct {
	name string
	data []byte
}

var (
	chunks []*chunk
	logs   []*os.File
)

// Mmap maps memory outside the Go heap and keeps it: 1 MiB/s that only the resident set shows.
func Mmap(speed float64) {
	fineProfile()
	serve.Every(4*speed, func() { mapChunk() })
}

func mapChunk() {
	data, err := syscall.Mmap(-1, 0, 256<<10, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return
	}
	for i := 0; i < len(data); i += 4096 {
		data[i] = 1
	}
	chunks = append(chunks, &chunk{"chunk", data})
}

// Files opens a file per request and never closes one: 5 a second.
func Files(speed float64) {
	fineProfile()
	serve.Every(5*speed, func() { openLog() })
}

func openLog() {
	if file, err := os.Open("/dev/null"); err == nil {
		logs = append(logs, file)
	}
}

// Threads keeps a thread of the system for each session, which waits for an end that does not come: 2 a second.
func Threads(speed float64) {
	sessions := make(chan int)
	serve.Every(2*speed, func() { go holdThread(sessions) })
}

func holdThread(ended <-chan int) {
	runtime.LockOSThread()
	<-ended
}
