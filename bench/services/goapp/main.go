// Goapp is a Go service with a bounded cache and a pool of workers: goapp HOST:PORT. None of its parts leaks.
//
//	/item?id=N  a document out of a cache of 3,000, each of 1 to 16 kB
//	/work?n=N   a job for one of eight workers, which keep it waiting as a slow backend would
package main

import (
	"container/list"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"zoo/serve"
)

const (
	cached  = 3000
	workers = 8
)

type item struct {
	id   int
	body []byte
}

type cache struct {
	sync.Mutex
	items map[int]*list.Element
	order *list.List
}

// get finds a document, or makes it in place of the one that was longest not asked for.
func (c *cache) get(id int) []byte {
	c.Lock()
	defer c.Unlock()
	if found, ok := c.items[id]; ok {
		c.order.MoveToFront(found)
		return found.Value.(item).body
	}
	c.items[id] = c.order.PushFront(item{id, make([]byte, 1024+rand.IntN(15*1024))})
	if c.order.Len() > cached {
		delete(c.items, c.order.Remove(c.order.Back()).(item).id)
	}
	return c.items[id].Value.(item).body
}

type job struct {
	n    int
	done chan []byte
}

func work(jobs <-chan job) {
	for j := range jobs {
		numbers := make([]float64, 100+j.n%5000)
		for i := range numbers {
			numbers[i] = rand.Float64()
		}
		body, _ := json.Marshal(numbers)
		time.Sleep(time.Duration(rand.ExpFloat64() * 0.1 * float64(time.Second)))
		j.done <- body
	}
}

func main() {
	documents := cache{items: map[int]*list.Element{}, order: list.New()}
	jobs := make(chan job, 64)
	for range workers {
		go work(jobs)
	}
	http.HandleFunc("/item", func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.FormValue("id"))
		w.Write(documents.get(id))
	})
	http.HandleFunc("/work", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("n"))
		done := make(chan []byte, 1)
		jobs <- job{n, done}
		w.Write(<-done)
	})
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: goapp HOST:PORT")
		os.Exit(2)
	}
	serve.Start(os.Args[1], true)
	select {}
}
