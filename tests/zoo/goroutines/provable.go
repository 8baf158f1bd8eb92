package goroutines

import (
	"errors"
	"sync"
	"time"
)

// timeout asks for an answer and stops waiting for it: the answer comes later and finds nobody.
func timeout() {
	answer := make(chan int)
	go answerLate(answer) // starts: timeout
	select {
	case <-answer:
	case <-time.After(time.Millisecond):
	}
}

func answerLate(answer chan<- int) {
	time.Sleep(5 * time.Millisecond)
	answer <- 1 // blocks: timeout
}

// firstAnswer asks two replicas and takes the answer that is first; the other one is never taken.
func firstAnswer() {
	answers := make(chan int)
	for replica := range 2 {
		go ask(replica, answers) // starts: firstanswer
	}
	<-answers
}

func ask(replica int, answers chan<- int) {
	answers <- replica // blocks: firstanswer
}

// doubleSend tells a failure and then, for want of a return, a result too.
func doubleSend() {
	result := make(chan error)
	go compute(result) // starts: doublesend
	<-result
}

func compute(result chan<- error) {
	if err := errors.New("no such order"); err != nil {
		result <- err
	}
	result <- nil // blocks: doublesend
}

// earlyReturn starts work and leaves before it looks at the outcome, since another step failed.
func earlyReturn() {
	done := make(chan struct{})
	go upload(done) // starts: earlyreturn
	if err := validate(); err != nil {
		return
	}
	<-done
}

func validate() error { return errors.New("not valid") }

func upload(done chan<- struct{}) {
	done <- struct{}{} // blocks: earlyreturn
}

// noClose feeds a consumer and never closes its channel.
func noClose() {
	lines := make(chan string)
	go consume(lines) // starts: noclose
	for _, line := range []string{"one", "two"} {
		lines <- line
	}
}

func consume(lines <-chan string) {
	for range lines { // blocks: noclose
	}
}

// noStop makes a worker that has to be stopped by its owner, who drops it instead.
func noStop() {
	worker := &worker{make(chan func()), make(chan struct{})}
	worker.start()
}

type worker struct {
	work chan func()
	stop chan struct{}
}

func (w *worker) start() {
	go w.run() // starts: nostop
}

func (w *worker) run() {
	for {
		select { // blocks: nostop
		case work := <-w.work:
			work()
		case <-w.stop:
			return
		}
	}
}

// nilChannel waits on a channel that was never made.
func nilChannel() {
	var ready chan struct{}
	go awaitReady(ready) // starts: nilchannel
}

func awaitReady(ready <-chan struct{}) {
	<-ready // blocks: nilchannel
}

// relock takes a lock that its caller has already taken.
func relock() {
	account := &account{}
	go account.deposit() // starts: relock
}

type account struct {
	lock    sync.Mutex
	balance int
}

func (a *account) deposit() {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.balance += a.read()
}

func (a *account) read() int {
	a.lock.Lock() // blocks: relock
	defer a.lock.Unlock()
	return a.balance
}

// waitGroup waits for one more piece of work than there is.
func waitGroup() {
	group := new(sync.WaitGroup)
	group.Add(2)
	go group.Done()
	go awaitAll(group) // starts: waitgroup
}

func awaitAll(group *sync.WaitGroup) {
	group.Wait() // blocks: waitgroup
}

// lostSignal signals before anybody waits, so that the waiter is never woken.
func lostSignal() {
	changed := sync.NewCond(new(sync.Mutex))
	changed.Signal()
	go awaitChange(changed) // starts: cond
}

func awaitChange(changed *sync.Cond) {
	changed.L.Lock()
	defer changed.L.Unlock()
	changed.Wait() // blocks: cond
}

// lockOrder takes two locks in two orders.
func lockOrder() {
	one, other := new(sync.Mutex), new(sync.Mutex)
	both := new(sync.WaitGroup)
	both.Add(2)
	for range 2 {
		go transfer(one, other, both) // starts: lockorder
		one, other = other, one
	}
}

func transfer(from, to *sync.Mutex, both *sync.WaitGroup) {
	from.Lock()
	defer from.Unlock()
	both.Done()
	both.Wait()
	to.Lock() // blocks: lockorder
	defer to.Unlock()
}

// noCases blocks a goroutine for good, as some do in a main function.
func noCases() {
	go func() { // starts: nocases
		select {} // blocks: nocases
	}()
}
