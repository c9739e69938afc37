package names

import (
	"net/netip"
	"slices"
	"strings"
)

// hostsSpelling returns a canonical name as the hosts file spells it, if the file has it. Package
// net puts this name into lower case, but not the names of an address.
func hostsSpelling(name string) string {
	for words := range entries(hostsFile(), "") {
		if strings.EqualFold(words[1], name) {
			return words[1]
		}
	}
	return name
}

// hostsAliases returns the second and further names of a host, from the lines of the hosts file
// that have one of its addresses.
func hostsAliases(name string, ips []netip.Addr) (aliases []string) {
	for words := range entries(hostsFile(), "") {
		ip, err := netip.ParseAddr(words[0])
		isName := func(word string) bool { return strings.EqualFold(word, name) }
		if err != nil || !slices.Contains(ips, ip) || !slices.ContainsFunc(words[1:], isName) {
			continue
		}
		for _, alias := range words[2:] {
			if alias != words[1] && !slices.Contains(aliases, alias) {
				aliases = append(aliases, alias)
			}
		}
	}
	return aliases
}

// distinct returns the names without duplicates.
func distinct(names []string) (once []string) {
	for _, name := range names {
		if !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return once
}
