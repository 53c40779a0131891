using FopWatch.Local.CommandLine;

namespace FopWatch.Local.Tests.CommandLine;

public class TextTableTests
{
    private static readonly string[] Outcomes = ["succeeded", "partiallyFailed", "failed", "cancelled", "expired"];

    [Theory]
    [InlineData(200, true)]
    [InlineData(80, true)]
    [InlineData(70, false)]
    [InlineData(60, false)]
    [InlineData(30, false)]
    public void The_table_of_the_demo_breaks_no_word_and_no_line(int width, bool framed)
    {
        var written = Write(width, isLive: true, terminal =>
        {
            var table = new TextTable(terminal, "outcome", "expected", "recorded", "events", "notified", "polled", "differ") { HasNumbers = true };
            foreach (var outcome in Outcomes)
                table.Add(outcome, "5000", "5000", "5000", "5000", "5000", "0");
            table.Write();
        });

        Assert.All(written.Split('\n'), line => Assert.True(line.TrimEnd().Length <= width, line));
        Assert.All((string[])[.. Outcomes, "expected", "notified", "5000"], word => Assert.Contains(word, written, StringComparison.Ordinal));
        Assert.Equal(framed, written.Contains('│', StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(80)]
    [InlineData(50)]
    public void Ids_stay_whole_and_sentences_break_between_words(int width)
    {
        const string Id = "z0.0A22344148402AA8255D522E3A269638";
        const string Error = "2 of 3 commands: the source file is not a valid media file that this can be made from";
        var written = Write(width, isLive: true, terminal =>
        {
            var table = new TextTable(terminal, "id", "state", "error");
            table.Add(Id, "partiallyFailed", Error);
            table.Write();
        });

        Assert.All((string[])[Id, "partiallyFailed", .. Error.Split(' ')], word => Assert.Contains(word, written, StringComparison.Ordinal));
        Assert.All(written.Split('\n'), line => Assert.True(line.TrimEnd().Length <= width, line));
    }

    [Fact]
    public void In_a_file_a_row_is_one_line()
    {
        var error = new string('x', 500) + " and more";
        var written = Write(80, isLive: false, terminal =>
        {
            var table = new TextTable(terminal, "id", "error");
            table.Add("a", error);
            table.Write();
        });

        Assert.Equal(["id error", $"a {error}"], written.TrimEnd().Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))));
    }

    private static string Write(int width, bool isLive, Action<Terminal> write)
    {
        using var output = new StringWriter();
        var terminal = new Terminal(() => Stream.Null, output, TextWriter.Null, TimeProvider.System, isLive, errorIsLive: false);
        if (isLive)
        {
            terminal.Console.Profile.Width = width;
            terminal.Console.Profile.Capabilities.Unicode = true;
            terminal.Console.Profile.Capabilities.Ansi = false;
        }

        write(terminal);
        return output.ToString();
    }
}
