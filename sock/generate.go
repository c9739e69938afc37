package sock

//go:generate go run ../internal/genconst
//go:generate go run ../internal/genpython
//go:generate go run ../internal/semantics -w
