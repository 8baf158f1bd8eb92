module goapp

go 1.27

require zoo v0.0.0

replace zoo => ../../../tests/zoo
