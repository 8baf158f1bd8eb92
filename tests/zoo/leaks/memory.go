// Package leaks holds programs that leak, each in its own way.
package leaks

import (
	"bytes"
	"context"
	"runtime"
	"time"

	"zoo/healthy"
	"zoo/serve"
)

// fineProfile lets the heap profile see small records: what these programs keep in the heap per leaked thing is a few
// hundred bytes, which the default of one sample per 512 KiB would show only after hours.
func fineProfile() { runtime.MemProfileRate = 512 }

var (
	sessions = map[int][]byte{}
	wire     [64 << 10]byte
	headers  [][]byte
	audit    [][]byte
	uploads  [][]byte
	requests int
)

// Map keeps a session per request and never evicts one: about 1 MB/s.
func Map(speed float64) {
	serve.Every(50*speed, func() {
		requests++
		cacheSession(requests)
	})
}

func cacheSession(id int) { sessions[id] = make([]byte, 20_000) }

// Subslice keeps sixteen bytes of each packet, and with them the whole packet: about 1.3 MB/s. The standard library
// allocates it.
func Subslice(speed float64) {
	serve.Every(20*speed, func() { headers = append(headers, readPacket()[:16]) })
}

func readPacket() []byte {
	return bytes.Clone(wire[:])
}

// Timers arms a timer per order and never stops one, so each holds its order until tomorrow: about 1 MB/s.
func Timers(speed float64) {
	serve.Every(100*speed, func() { scheduleExpiry() })
}

func scheduleExpiry() {
	order := make([]byte, 10_000)
	time.AfterFunc(24*time.Hour, func() { order[0]++ })
}

// Context derives a context per order from one that lives for ever, and never cancels one: about 1 MB/s.
func Context(speed float64) {
	parent, cancel := context.WithCancel(context.Background())
	_ = cancel
	serve.Every(100*speed, func() { watchOrder(parent) })
}

type orderKey struct{}

func watchOrder(parent context.Context) {
	ctx, cancel := context.WithCancel(context.WithValue(parent, orderKey{}, make([]byte, 10_000)))
	_, _ = ctx, cancel
}

// Breathing keeps an audit record per request beside a pool that breathes: about 0.5 MB/s under a wave of 16 MB.
func Breathing(speed float64) {
	var pool [][]byte
	began := time.Now()
	serve.Every(10*speed, func() {
		pool = healthy.Breathe(pool, began)
		keepAudit()
	})
}

func keepAudit() { audit = append(audit, make([]byte, 50_000)) }

// Uploads keeps every upload, from 100 B to 1 MiB: about 1 MB/s, most of it in few of them.
func Uploads(speed float64) {
	serve.Every(9*speed, func() { keepUpload() })
}

func keepUpload() { uploads = append(uploads, make([]byte, healthy.MixedSize())) }
