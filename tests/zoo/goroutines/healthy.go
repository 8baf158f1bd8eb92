package goroutines

// workers is a pool of 20,000 goroutines that wait for work, as they should: no leak.
func workers(float64) {
	for range 20_000 {
		go attend(jobs)
	}
}

var jobs = make(chan func())

func attend(jobs <-chan func()) {
	for job := range jobs {
		job()
	}
}
