namespace FopWatch.Core.Tests;

public sealed class TextCutTests
{
    [Theory]
    [InlineData("", 1, "")]
    [InlineData("abcdef", 6, "abcdef")]
    [InlineData("abcdef", 5, "abcd…")]
    [InlineData("ab", 1, "…")]
    [InlineData("ab😀ef", 5, "ab😀…")]
    [InlineData("ab😀ef", 4, "ab…")]
    [InlineData("😀😀", 2, "…")]
    public void A_text_is_cut_between_characters(string text, int length, string expected) => Assert.Equal(expected, TextCut.Of(text, length));
}
