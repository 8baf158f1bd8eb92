// Package goroutines holds programs that leak goroutines in the ways that are known from studies of real programs, and
// one that keeps many for good reason.
//
// Each pattern leaks 20 goroutines a second. A comment "blocks: NAME" marks the line on which they wait for ever, and
// "starts: NAME" the line that started them. Those in provable.go can be proved by the garbage collector: nothing that
// lives reaches what they wait for. Those in reachable.go cannot.
package goroutines

import "zoo/serve"

// Programs are the patterns by name.
var Programs = map[string]func(speed float64){
	"timeout":      every(timeout),
	"firstanswer":  every(firstAnswer),
	"doublesend":   every(doubleSend),
	"earlyreturn":  every(earlyReturn),
	"noclose":      every(noClose),
	"nostop":       every(noStop),
	"nilchannel":   every(nilChannel),
	"relock":       every(relock),
	"waitgroup":    every(waitGroup),
	"cond":         every(lostSignal),
	"lockorder":    every(lockOrder),
	"nocases":      every(noCases),
	"registry":     every(registry),
	"subscriber":   every(subscriber),
	"uncancelled":  every(uncancelled),
	"ticker":       every(ticker),
	"deadlineless": deadlineless,
	"semaphore":    every(semaphore),
	"heldmutex":    every(heldMutex),
	"writerwaits":  every(writerWaits),
	"fullqueue":    every(fullQueue),
	"sleeper":      every(sleeper),
	"captured":     every(captured),
	"grouped":      every(grouped),
	"workers":      workers,
}

func every(leak func()) func(float64) {
	return func(speed float64) { serve.Every(20*speed, leak) }
}
