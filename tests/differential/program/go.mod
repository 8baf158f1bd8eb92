module captured

go 1.21
