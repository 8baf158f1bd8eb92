package mixed

import (
	"runtime"
	"syscall"

	"zoo/serve"
)

type mapping struct {
	name string
	data []byte
}

var (
	orders   [][]byte
	mappings []*mapping
)

// both leaks heap, about 0.5 MB/s, and by another mistake memory that it maps beside it, 1 MiB/s.
func both(speed float64) {
	runtime.MemProfileRate = 512
	serve.Every(10*speed, func() { keepOrder() })
	serve.Every(4*speed, func() { mapPart() })
}

func keepOrder() {
	orders = append(orders, make([]byte, 50_000)) // leaks: both
}

func mapPart() {
	data, err := syscall.Mmap(-1, 0, 256<<10, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	for i := 0; i < len(data); i += 4096 {
		data[i] = 1
	}
	mappings = append(mappings, &mapping{"part", data}) // leaks: mapped
}
