// Command compare runs each situation twice: with a raw blocking system call on a thread of its
// own, and through pollux, in a goroutine, with a context, in a task, as a future and in a
// callback. It compares the result, the errno, the bytes, and whether the call ended at all.
//
//	go run ./internal/rigs/compare            every row that this kernel has; exit with 1 at a difference
//	go run ./internal/rigs/compare -v         and what came out of each
//	go test ./internal/rigs/compare           the same, as a test
//	internal/rigs/run ./internal/rigs/compare in the machine, whose kernel has the other families
//
// A row is a kind of socket (kinds.go), an operation (operations.go) and a circumstance
// (circumstances.go): what is there before the call, and what happens while it waits. A difference
// that is meant stands in meant.go with its reason. One that does not stand there is a failure, and
// so is an entry without a difference.
package main
