package goroutines

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"zoo/serve"
)

var (
	sessions    sync.Map
	orders      sync.Map
	sessionID   atomic.Int64
	subscribers []chan int
	root, _     = context.WithCancel(context.Background())
	conns       []net.Conn
	slots       = make(chan struct{}, 4)
	ledgerLock  sync.Mutex
	configLock  sync.RWMutex
	queue       = make(chan int, 16)
	ledgerTaken sync.Once
	configTaken sync.Once
)

// registry keeps every session with the channel that would end it.
func registry() {
	closed := make(chan struct{})
	sessions.Store(sessionID.Add(1), closed)
	go serveSession(closed) // starts: registry
}

func serveSession(closed <-chan struct{}) {
	<-closed // blocks: registry
}

// subscriber subscribes and never unsubscribes.
func subscriber() {
	updates := make(chan int)
	subscribers = append(subscribers, updates)
	go follow(updates) // starts: subscriber
}

func follow(updates <-chan int) {
	for range updates { // blocks: subscriber
	}
}

// uncancelled waits for the end of a context that has a parent which lives for ever, and forgets to cancel it.
func uncancelled() {
	ctx, cancel := context.WithCancel(root)
	_ = cancel
	go watch(ctx) // starts: uncancelled
}

func watch(ctx context.Context) {
	<-ctx.Done() // blocks: uncancelled
}

// ticker starts a loop per request that nothing ends.
func ticker() {
	go refresh() // starts: ticker
}

func refresh() {
	for range time.NewTicker(10 * time.Second).C { // blocks: ticker
	}
}

// deadlineless reads from connections whose other ends have gone quiet: 10 a second, each with two files.
func deadlineless(speed float64) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	serve.Every(10*speed, func() {
		client, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			return
		}
		server, err := listener.Accept()
		if err != nil {
			return
		}
		conns = append(conns, client, server)
		readFrom(server)
	})
}

func readFrom(conn net.Conn) {
	go readAll(conn) // starts: deadlineless
}

func readAll(conn net.Conn) {
	buffer := make([]byte, 512)
	for {
		if _, err := conn.Read(buffer); err != nil { // blocks: deadlineless
			return
		}
	}
}

// semaphore takes a slot and does not give it back on a failure, so that soon there are none.
func semaphore() {
	go limited() // starts: semaphore
}

func limited() {
	slots <- struct{}{} // blocks: semaphore
	if validate() != nil {
		return
	}
	<-slots
}

// heldMutex waits for a lock whose holder forgot to unlock it on one of its ways out.
func heldMutex() {
	ledgerTaken.Do(ledgerLock.Lock)
	go post() // starts: heldmutex
}

func post() {
	ledgerLock.Lock() // blocks: heldmutex
	defer ledgerLock.Unlock()
}

// writerWaits lets a reader keep its lock: the first writer waits, and behind it everybody else.
func writerWaits() {
	configTaken.Do(configLock.RLock)
	go update() // starts: writerwaits
}

func update() {
	configLock.Lock() // blocks: writerwaits
	defer configLock.Unlock()
}

// fullQueue puts jobs into a queue whose consumer has died.
func fullQueue() {
	go enqueue(1) // starts: fullqueue
}

func enqueue(job int) {
	queue <- job // blocks: fullqueue
}

// captured keeps the body of a request in a goroutine that waits for an order to be confirmed, which does not happen: the
// memory is held by nothing else.
func captured() {
	body := make([]byte, 100_000)
	serve.Fill(body)
	confirmed := make(chan struct{})
	orders.Store(sessionID.Add(1), confirmed)
	go func() { // starts: captured
		<-confirmed // blocks: captured
		body[0]++
	}()
}

// sleeper tries again later, for every request, with a pause that has grown out of hand.
func sleeper() {
	go retry() // starts: sleeper
}

func retry() {
	time.Sleep(time.Hour) // blocks: sleeper
}

// grouped does the same through a helper that starts goroutines for everybody: that is not where the memory was allocated.
func grouped() {
	body := make([]byte, 100_000)
	serve.Fill(body)
	confirmed := make(chan struct{})
	orders.Store(sessionID.Add(1), confirmed)
	background(func() {
		<-confirmed // blocks: grouped
		body[0]++
	})
}

//go:noinline
func background(work func()) {
	go work() // starts: grouped
}
