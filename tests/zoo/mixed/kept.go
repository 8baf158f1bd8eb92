package mixed

import (
	"net/http"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
)

const (
	mib     = 1 << 20
	written = 64 * mib // in a second
)

// keptFree writes reports, each larger than the one before and so ever less often: as many bytes a second, and none of
// them held. Its collector runs only when a report is done. What is in use then tells Go how much room the program needs,
// so all that a report took is kept for the next one: 0.5 MiB/s more. Whoever asks for /short makes all further reports
// short; then Go gives the room back.
func keptFree(speed float64) {
	debug.SetGCPercent(-1)
	var short atomic.Bool
	http.HandleFunc("/short", func(http.ResponseWriter, *http.Request) { short.Store(true) })
	go func() {
		for size := 8.0 * mib; ; {
			if short.Load() {
				size, speed = mib, 0
			}
			write(int(size))
			runtime.GC()
			pause := size / written
			time.Sleep(time.Duration(pause * float64(time.Second)))
			size += pause * speed * mib / 2
		}
	}()
}

// write fills a report line by line, and holds no more of it than the last one.
func write(size int) {
	for range size / len(text) {
		line = append([]byte(nil), text[:]...)
	}
}

var (
	text [8 << 10]byte
	line []byte
)
