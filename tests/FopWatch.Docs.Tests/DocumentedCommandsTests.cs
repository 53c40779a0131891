namespace FopWatch.Docs.Tests;

/// <summary>Runs every command of the documents in order, and writes the files that the reader is told to write.</summary>
public sealed class DocumentedCommandsTests(Walkthrough walkthrough) : IClassFixture<Walkthrough>
{
    public static IEnumerable<TheoryDataRow<object>> Steps()
    {
        foreach (var block in Markdown.BlocksOfRepository())
        {
            if (block.Attributes.TryGetValue(Block.FileName, out var file))
                yield return Row(block, $"{block.Place} writes {file}", null);
            if (block.Language is not ("sh" or "console"))
                continue;
            var reason = Need.ReasonToSkip(block);
            foreach (var step in Step.Of(block))
                yield return Row(step, step.Label, reason);
        }
    }

    [Theory]
    [MemberData(nameof(Steps), DisableDiscoveryEnumeration = true)]
    public Task The_command_does_what_the_document_says(object step)
    {
        Assert.SkipUnless(Need.IsOnPath("bash") && Need.IsOnPath("curl"), "The documents' commands need bash and curl.");
        return step is Block block ? walkthrough.WriteAsync(block) : walkthrough.RunAsync((Step)step);
    }

    private static TheoryDataRow<object> Row(object step, string label, string? skip) => new(step) { Label = label, Skip = skip };
}
