package main

import (
	"maps"

	"zoo/goroutines"
	"zoo/mixed"
)

func init() {
	maps.Copy(programs, goroutines.Programs)
	maps.Copy(programs, mixed.Programs)
}
