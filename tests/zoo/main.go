// Zoo runs one of many small programs, each of which leaks in its own way or only looks as if it did.
//
//	zoo PROGRAM [-addr 127.0.0.1:0] [-speed 1] [-metrics]
//
// It prints "listening HOST:PORT" and serves net/http/pprof there. It ends by itself after ten minutes.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"zoo/healthy"
	"zoo/leaks"
	"zoo/serve"
)

const lifetime = 10 * time.Minute

var programs = map[string]func(speed float64){
	"map":       leaks.Map,
	"subslice":  leaks.Subslice,
	"timers":    leaks.Timers,
	"context":   leaks.Context,
	"breathing": leaks.Breathing,
	"uploads":   leaks.Uploads,
	"chansend":  leaks.ChanSend,
	"select":    leaks.Select,
	"body":      leaks.Body,
	"threads":   leaks.Threads,
	"mmap":      leaks.Mmap,
	"files":     leaks.Files,
	"lru":       healthy.LRU,
	"churn":     healthy.Churn,
	"warmup":    healthy.WarmUp,
	"load":      healthy.Load,
	"pool":      healthy.Pool,
	"buffers":   healthy.Buffers,
	"batch":     healthy.Batch,
	"idle":      healthy.Idle,
}

func main() {
	if len(os.Args) < 2 || programs[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: zoo PROGRAM [-addr HOST:PORT] [-speed X] [-metrics]")
		os.Exit(2)
	}
	flags := flag.NewFlagSet("zoo", flag.ExitOnError)
	addr := flags.String("addr", "127.0.0.1:0", "where to serve pprof")
	speed := flags.Float64("speed", 1, "how fast it leaks, or how busy it is")
	metrics := flags.Bool("metrics", false, "serve a metrics page too")
	flags.Parse(os.Args[2:])
	serve.Start(*addr, *metrics)
	programs[os.Args[1]](*speed)
	time.Sleep(lifetime)
}
