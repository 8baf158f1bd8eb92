package mixed

import (
	"time"

	"zoo/serve"
)

const (
	outage = 12 * time.Second
	calm   = 12 * time.Second
)

var (
	began    = time.Now()
	answered [][]byte
	held     []chan struct{}
)

// another has a dependency that is out every other time: then each request leaves a goroutine that waits for its answer.
// By another mistake, in the same function, each request is kept, whether it was answered or not: 0.6 MB/s.
func another(speed float64) {
	serve.Every(20*speed, func() { answer() })
}

func answer() {
	request := make([]byte, 30_000) // leaks: another
	answered = append(answered, request)
	reply := make(chan struct{})
	if isOut() {
		held = append(held, reply)
	} else {
		close(reply)
	}
	go func() {
		<-reply // leaks: hangs
	}()
}

// bodies leaks in the same way, by goroutines alone: each holds the body of its request, 0.6 MB/s while it is out.
func bodies(speed float64) {
	serve.Every(20*speed, func() { receive() })
}

func receive() {
	body := make([]byte, 30_000)
	serve.Fill(body)
	reply := make(chan struct{})
	if isOut() {
		held = append(held, reply)
	} else {
		close(reply)
	}
	go func() {
		<-reply
		body[0]++
	}()
}

// halves leaks goroutines that each hold the body of a request, and by another mistake as much heap elsewhere: 0.6 MB/s each.
func halves(speed float64) {
	serve.Every(20*speed, func() { confirm() })
	serve.Every(20*speed, func() { remind() })
}

func confirm() {
	body := make([]byte, 30_000)
	serve.Fill(body)
	never := make(chan struct{})
	held = append(held, never)
	go func() {
		<-never
		body[0]++
	}()
}

func remind() {
	answered = append(answered, make([]byte, 30_000)) // leaks: halves
}

func isOut() bool { return time.Since(began)%(outage+calm) < outage }
