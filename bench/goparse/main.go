// Tells how many nanoseconds google/pprof takes to parse a profile: goparse RUNS FILE...
//
// Each run starts from the bytes of the file, gunzip included; the fastest run of each file is printed on a line.
package main

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/google/pprof/profile"
)

func main() {
	runs, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range os.Args[2:] {
		data, err := os.ReadFile(name)
		if err != nil {
			log.Fatal(err)
		}
		best := time.Hour
		for range runs {
			start := time.Now()
			if _, err := profile.ParseData(data); err != nil {
				log.Fatal(err)
			}
			best = min(best, time.Since(start))
		}
		fmt.Println(best.Nanoseconds())
	}
}
