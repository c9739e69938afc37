//go:build netbsd || openbsd

package sock

// No AI_V4MAPPED: mapped addresses are not used here.
const aiV4Mapped = 0
