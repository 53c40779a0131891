using System.Globalization;
using FopWatch.Client;
using Spectre.Console;

namespace FopWatch.Local.CommandLine;

/// <summary>Shows the findings of an examination, the worst first, in a form that can be pasted into an issue.</summary>
internal sealed class DoctorText(Terminal terminal)
{
    private const int Widest = 80;
    private const string Indent = "  ";

    private const string Pass = "pass";

    private static readonly (string Level, string Plural, Style Style)[] Levels =
    [
        ("trouble", "troubles", new(Color.Red)),
        ("warning", "warnings", new(Color.Yellow)),
        ("info", "infos", new(Color.Blue)),
        ("skipped", "skipped", new(Color.Grey)),
        (Pass, "passes", new(Color.Green)),
    ];

    public void Write(DoctorReport report)
    {
        foreach (var (level, _, style) in Levels)
        {
            foreach (var finding in report.Findings.Where(finding => finding.Level == level))
            {
                terminal.WriteLine(new($"{level,-7}", style), $"  {finding.Check}{(finding.Source is { } source ? $" of {source}" : "")}");
                WriteWrapped(finding.What, "");
                if (finding.Why is { } why)
                    WriteWrapped(why, "Why: ");
                if (finding.Fix is { } fix)
                    WriteWrapped(fix, "Do: ");
                if (level != Pass)
                    terminal.WriteLine();
            }
        }

        var counts = Levels
            .Select(level => (Level: level, Count: report.Findings.Count(finding => finding.Level == level.Level)))
            .Where(one => one.Count > 0)
            .Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Count} {(one.Count == 1 ? one.Level.Level : one.Level.Plural)}"));
        terminal.WriteLine(new Piece(string.Join(", ", counts), Terminal.Bold));
    }

    private void WriteWrapped(string text, string label)
    {
        var width = Math.Min(terminal.Console.Profile.Width, Widest);
        var line = Indent + label;
        var isEmpty = true;
        foreach (var word in DisplayText.Clean(text).Split(' '))
        {
            if (!isEmpty && line.Length + 1 + word.Length > width)
            {
                terminal.WriteLine(line);
                (line, isEmpty) = (Indent + new string(' ', label.Length), true);
            }

            line += isEmpty ? word : " " + word;
            isEmpty = false;
        }

        terminal.WriteLine(line);
    }
}
