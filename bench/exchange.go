package main

// An exchange is a request and how its answer looks. All answers have the same length, and the same
// bytes except for a date.
type exchange struct {
	Prime   string // sent once, before, unless empty; its answer ends with PrimeEnd
	Request string

	PrimeEnd string
	Begin    string // how an answer begins
	End      string // how it ends, and nothing before its end does
}
