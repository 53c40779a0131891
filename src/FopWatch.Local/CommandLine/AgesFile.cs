using System.Globalization;
using FopWatch.Statistics;

namespace FopWatch.Local.CommandLine;

/// <summary>A file with the completion age of one job on each line.</summary>
internal static class AgesFile
{
    /// <summary>About 30 years, in seconds.</summary>
    private const double Greatest = 1e9;

    /// <summary>Reads the file. Blank lines and lines that begin with # are skipped.</summary>
    /// <exception cref="UsageException">The file cannot be read, has no age, or has a line that is not an age.</exception>
    public static async Task<GivenAges> ReadAsync(Terminal terminal, string file, CancellationToken cancellationToken)
    {
        var read = await InputFile.ReadTextAsync(terminal, file, cancellationToken);
        var ages = new List<double>();
        var number = 0;
        foreach (var line in read.AsSpan().EnumerateLines())
        {
            number++;
            var text = line.Trim();
            if (text.IsEmpty || text[0] == '#')
                continue;
            if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var age) || !(age is >= 0 and <= Greatest))
            {
                throw new UsageException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"'{file}', line {number}: '{TextCut.Of(DisplayText.Clean(text[..Math.Min(text.Length, 100)].ToString()), 40)}' is not an age. An age is a number of seconds from 0 to 1e9, such as 92.5."));
            }

            ages.Add(age);
        }

        return ages.Count > 0 ? new(ages) : throw new UsageException($"'{file}' has no ages. Write one on each line, in seconds.");
    }
}
