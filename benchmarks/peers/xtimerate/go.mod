// golang.org/x/time/rate's part of benchmarks/peers/run.
module decide

go 1.26.0

require golang.org/x/time v0.16.0
