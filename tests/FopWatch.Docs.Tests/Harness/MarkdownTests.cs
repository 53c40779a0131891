namespace FopWatch.Docs.Tests.Harness;

public sealed class MarkdownTests
{
    [Fact]
    public void Blocks_have_their_position_language_attributes_and_text()
    {
        var blocks = Markdown.Read("a.md", """
            # A title

            ```sh needs="Azurite, Node.js"
            first
              second
            ```
            - in a list

              ````json file="x.json"
              ```
              {}
              ````
            """);

        Assert.Equal(2, blocks.Count);
        Assert.Equal(("a.md:3", "sh", "first\n  second"), (blocks[0].Place, blocks[0].Language, blocks[0].Text));
        Assert.Equal("Azurite, Node.js", blocks[0].Attributes[Block.Needs]);
        Assert.Equal(("a.md:9", "json", "```\n{}"), (blocks[1].Place, blocks[1].Language, blocks[1].Text));
        Assert.Equal("x.json", blocks[1].Attributes[Block.FileName]);
    }

    [Theory]
    [InlineData("```sh\nfirst", "a.md:1: the block is not closed")]
    [InlineData("text\n~~~\nfirst\n~~~", "a.md:2: write fences with ```, not ~~~")]
    [InlineData("```sh need=\"Azurite\"\nfirst\n```", "a.md:1: the attribute 'need' is unknown")]
    [InlineData("```sh (optional)\nfirst\n```", "a.md:1: the info string 'sh (optional)' is not a language with name=\"value\" attributes")]
    public void Invalid_blocks_are_refused_with_their_position(string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => Markdown.Read("a.md", text)).Message);

    [Fact]
    public void An_unknown_need_is_refused()
    {
        var block = Markdown.Read("a.md", "```sh needs=\"Azurite, a unicorn\"\nfirst\n```")[0];

        Assert.StartsWith(
            "a.md:1: the need 'a unicorn' is unknown; known needs are 'Azure Functions Core Tools', ",
            Assert.Throws<FormatException>(() => Need.ReasonToSkip(block)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_unmet_need_gives_the_reason() =>
        Assert.Equal(
            "needs an Azure subscription: a test does not deploy to Azure",
            Need.ReasonToSkip(Markdown.Read("a.md", "```sh needs=\"an Azure subscription\"\naz login\n```")[0]));
}
