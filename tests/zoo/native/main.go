// Native is a program of the zoo that leaks outside the Go heap, through a C library. It is built with cgo, by itself, so
// that the others need no C compiler.
package main

// #include <stdlib.h>
// #include <string.h>
//
// static void *make_page(size_t size) {
//     void *page = malloc(size);
//     if (page) memset(page, 1, size);
//     return page;
// }
import "C"

import (
	"flag"
	"os"
	"runtime"
	"time"
	"unsafe"

	"zoo/serve"
)

const lifetime = 10 * time.Minute

type picture struct {
	name  string
	pixel unsafe.Pointer
}

var pictures []*picture

func main() {
	runtime.MemProfileRate = 512
	flags := flag.NewFlagSet("native", flag.ExitOnError)
	addr := flags.String("addr", "127.0.0.1:0", "where to serve pprof")
	metrics := flags.Bool("metrics", false, "serve a metrics page too")
	flags.Parse(os.Args[2:])
	serve.Start(*addr, *metrics)
	serve.Every(10, func() { decodePicture() })
	time.Sleep(lifetime)
}

// decodePicture asks the C library for a page, which only free gives back: about 1 MB/s.
func decodePicture() {
	pictures = append(pictures, &picture{"picture", C.make_page(100_000)}) // leaks: malloc
}
