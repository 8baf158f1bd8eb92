package main

import (
	"maps"

	"zoo/goroutines"
)

func init() { maps.Copy(programs, goroutines.Programs) }
