using System.Globalization;
using FopWatch.Contracts;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace FopWatch.Local.CommandLine;

/// <summary>One screen of the full-screen <c>watch</c>: as many lines as the screen has, each no wider than the screen.</summary>
internal sealed class WatchFrame : Renderable
{
    private const string Keys = "↑↓ select  d details  / filter  r republish  p poll  q quit";

    private static readonly Style Inverted = new(decoration: Decoration.Invert);

    private readonly List<IReadOnlyList<Piece>> _lines = [];
    private readonly int _width;

    /// <param name="list">The events.</param>
    /// <param name="host">The host that sent them.</param>
    /// <param name="connection">The state of the connection.</param>
    /// <param name="now">The time.</param>
    /// <param name="width">The columns of the screen.</param>
    /// <param name="height">The lines of the screen, at least 4.</param>
    public WatchFrame(WatchList list, Uri host, string connection, DateTimeOffset now, int width, int height)
    {
        _width = width;
        height = Math.Max(4, height);
        var visible = list.Visible;
        var filter = list.Filter.Length == 0 ? "" : $"  filter: {list.Filter} ({visible.Count} of {list.Count})";
        _lines.Add([new($"FopWatch {host.Authority}  {connection}{filter}", Terminal.Bold)]);

        var details = list.ShowsDetails ? Details(list, now).Take(Math.Max(1, height - 4)).ToList() : [];
        if (details.Count > 0)
            details = [.. details.Take(Math.Max(1, (height - 2) * 2 / 3))];
        var rows = height - 2 - details.Count;
        var (selected, first) = (list.SelectedIndex, FirstRow(list.SelectedIndex, visible.Count, rows));
        for (var row = first; row < first + rows; row++)
        {
            _lines.Add(row >= visible.Count ? []
                : row == selected ? [new(string.Concat(Row(visible[row]).Select(piece => piece.Text)), Inverted)]
                : Row(visible[row]));
        }

        _lines.AddRange(details);
        _lines.Add([
            list.Typed is { } typed ? new($"/{typed}▏  Enter: keep  Esc: cancel", Terminal.Bold)
            : list.Asked is { Data: var asked } ? new($"Publish the outcome of {asked.Source}/{asked.Id} again? y: yes, any other key: no", Terminal.Bold)
            : new(list.Said ?? Keys, list.Said is null ? Terminal.Dim : Terminal.Bold),
        ]);
    }

    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        // Starts at the top left corner, and clears the rest of each line.
        yield return Segment.Control("\u001b[H");
        foreach (var (index, line) in _lines.Index())
        {
            if (index > 0)
                yield return Segment.LineBreak;
            foreach (var segment in Cut(line))
                yield return segment;
            yield return Segment.Control("\u001b[K");
        }
    }

    /// <summary>The part of a line that fits the screen. Some characters take two columns.</summary>
    private IEnumerable<Segment> Cut(IReadOnlyList<Piece> line)
    {
        var left = _width;
        foreach (var piece in line.TakeWhile(_ => left > 0))
        {
            var segment = new Segment(DisplayText.Clean(piece.Text), piece.Style ?? Style.Plain);
            var cells = segment.CellCount();
            if (cells > left)
            {
                // A split within a two-column character keeps the character.
                segment = segment.Split(left).First is var first && first.CellCount() <= left ? first : segment.Split(left - 1).First;
            }

            yield return segment;
            left -= cells;
        }
    }

    /// <summary>A sentence wrapped to lines with the same indent.</summary>
    private IEnumerable<IReadOnlyList<Piece>> Wrapped(string label, string sentence)
    {
        var (line, width) = ("", Math.Max(20, _width - label.Length));
        foreach (var word in sentence.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return [new(label, Terminal.Dim), line];
                (label, line) = (new string(' ', label.Length), "");
            }

            line += line.Length == 0 ? word : $" {word}";
        }

        yield return [new(label, Terminal.Dim), line];
    }

    /// <summary>The first visible row. The selected row is always visible, and the end of the list fills the screen.</summary>
    private static int FirstRow(int selected, int count, int rows) =>
        Math.Clamp(selected - (rows / 2), 0, Math.Max(0, count - rows));

    private static List<Piece> Row(JobEvent happened)
    {
        var job = happened.Data;
        var error = job.Items.Select(item => item.Error).FirstOrDefault(text => text is not null) ?? TrackedJobs.ErrorOf(job);
        return
        [
            new(happened.Time.UtcDateTime.ToString("HH:mm:ss ", CultureInfo.InvariantCulture), Terminal.Dim),
            $" {job.Source}  ",
            new(job.Id, Terminal.Bold),
            "  ",
            Terminal.State(job.State),
            $"  {WatchedEvents.Counts(job.Counts)}",
            new(job.Overdue && !job.Settled ? "  overdue" : "", Terminal.Wrong),
            new(error is null ? "" : $"  {TextCut.Of(error, 200)}", Terminal.Wrong),
        ];
    }

    private IEnumerable<IReadOnlyList<Piece>> Details(WatchList list, DateTimeOffset now)
    {
        yield return [new(new string('─', 40), Terminal.Dim)];
        if (list.Details is not { } job)
        {
            yield return ["Asking the host…"];
            yield break;
        }

        yield return [new($"{job.Source}/{job.Id}", Terminal.Bold), "  ", Terminal.State(job.State), $"  {job.Bucket}{(job.Key is null ? "" : $":{job.Key}")}"];
        var story = JobStory.Conclusion(job, now).Select(sentence => (Label: "", Sentence: sentence))
            .Concat(JobStory.Of(job).Select(one => (Label: one.At?.UtcDateTime.ToString("MM-dd HH:mm:ss  ", CultureInfo.InvariantCulture) ?? "", one.Sentence)));
        foreach (var line in story.SelectMany(one => Wrapped(one.Label, one.Sentence)))
            yield return line;
        foreach (var item in job.Items)
        {
            yield return [Terminal.State(item.State), $"  {item.Command}", new(item.Error is null ? "" : $"  {item.Error}", Terminal.Wrong)];
            foreach (var output in item.Outputs)
                yield return [$"    {output.Bucket}:{output.Key}"];
        }

        foreach (var (name, value) in job.Metadata ?? new Dictionary<string, string>())
            yield return [new($"{name}: ", Terminal.Dim), value];
    }
}
