module profiled

go 1.24
