using FopWatch.Local.CommandLine;

namespace FopWatch.Local.Tests.CommandLine;

public sealed class DisplayTextTests
{
    [Theory]
    [InlineData("abcdef", 6, "abcdef")]
    [InlineData("abcdef", 5, "abcd…")]
    [InlineData("ab😀ef", 5, "ab😀…")]
    [InlineData("ab😀ef", 4, "ab…")]
    [InlineData("😀😀", 2, "…")]
    public void A_text_is_cut_between_characters(string text, int length, string expected) => Assert.Equal(expected, DisplayText.Cut(text, length));
}
