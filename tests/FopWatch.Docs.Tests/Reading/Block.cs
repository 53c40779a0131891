namespace FopWatch.Docs.Tests;

/// <summary>A fenced block of a document.</summary>
/// <param name="Document">The path of the document from the root of the repository.</param>
/// <param name="Line">The line of the opening fence, from 1.</param>
/// <param name="Language">The first word of the info string; empty if there is none.</param>
/// <param name="Attributes">The rest of the info string: <c>name="value"</c>, or a name alone.</param>
/// <param name="Lines">The text.</param>
internal sealed record Block(
    string Document, int Line, string Language, IReadOnlyDictionary<string, string> Attributes, IReadOnlyList<string> Lines)
{
    /// <summary>The needs of the commands that a machine may lack, separated by commas.</summary>
    public const string Needs = "needs";

    /// <summary>The file to which a reader writes the text.</summary>
    public const string FileName = "file";

    public string Text => string.Join('\n', Lines);

    public string Place => $"{Document}:{Line}";

    public override string ToString() => $"{Place} {Language}";
}
