// Package wrap is a library whose allocations lie three calls deep.
package wrap

// Page gives an empty page.
func Page() []byte { return sized(64 << 10) }

func sized(size int) []byte { return fill(size) }

func fill(size int) []byte { return make([]byte, size) }
