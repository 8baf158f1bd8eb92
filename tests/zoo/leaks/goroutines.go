package leaks

import (
	"net/http"
	"net/http/httptest"

	"zoo/serve"
)

// ChanSend starts a goroutine per event that sends to a channel which nobody reads: 20 goroutines a second.
func ChanSend(speed float64) {
	serve.Every(20*speed, func() { publish(make(chan int)) })
}

func publish(events chan<- int) { go sendEvent(events) }

func sendEvent(events chan<- int) { events <- 1 }

// Select starts a goroutine per question that waits for a reply or a stop, neither of which comes: 20 a second. The
// channels are reachable from a global, so the garbage collector cannot prove anything.
func Select(speed float64) {
	serve.Every(20*speed, func() { ask() })
}

var replies []chan int

func ask() {
	reply, stop := make(chan int), make(chan int)
	replies = append(replies, reply, stop)
	go awaitReply(reply, stop)
}

func awaitReply(reply, stop <-chan int) {
	select {
	case <-reply:
	case <-stop:
	}
}

// Body asks a server of its own and never closes an answer: 4 a second, each with goroutines, files and some heap.
func Body(speed float64) {
	fineProfile()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(make([]byte, 100_000))
	}))
	serve.Every(4*speed, func() { fetchStatus(server.URL) })
}

func fetchStatus(url string) int {
	response, err := http.Get(url)
	if err != nil {
		return 0
	}
	return response.StatusCode
}
