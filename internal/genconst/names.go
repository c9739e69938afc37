package main

import (
	"bytes"
	"fmt"
	"go/types"

	"github.com/polluxio/pollux/internal/genconst/catalog"
)

// named are the groups whose numbers have names in texts: Python's enum classes.
var named = []struct{ group, table string }{
	{"AF", "familyNames"},
	{"SOCK", "typeNames"},
	{"MSG", "msgFlagNames"},
	{"AI", "addrInfoFlagNames"},
}

// tables are the names of those constants of a system that it has: those of targets, and those by
// hand.
func tables(targets []*catalog.Target, byHand *types.Package, sys catalog.System, rows []catalog.Row) ([]byte, error) {
	var src bytes.Buffer
	fmt.Fprint(&src, "\n// Of two names for one number the first counts.\nvar (\n")
	for i, n := range named {
		if i > 0 {
			fmt.Fprintln(&src)
		}
		fmt.Fprintf(&src, "\t%s = []constName{\n", n.table)
		for _, row := range rows {
			if row.Kind != "constant" || row.Group != n.group || !row.On(sys.GOOS) {
				continue
			}
			pkg, err := find(targets, row.Name, sys.XSys, "syscall")
			if err != nil {
				return nil, err
			}
			if pkg != "" || byHand.Scope().Lookup(row.Name) != nil {
				value := row.Name
				if catalog.TypeOf(row) != "" {
					value = "int(" + value + ")"
				}
				fmt.Fprintf(&src, "\t\t{%s, %q},\n", value, row.Name)
			}
		}
		fmt.Fprintln(&src, "\t}")
	}
	fmt.Fprintln(&src, ")")
	return src.Bytes(), nil
}
