using System.CommandLine;
using System.Globalization;

namespace FopWatch.Local.CommandLine;

/// <summary>Options for whole numbers.</summary>
internal static class WholeNumber
{
    /// <summary>An option for a whole number within bounds; null if it is not given. Other values are refused in one sentence.</summary>
    public static Option<int?> Option(string name, int least, int most, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
                return number;

            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name}: '{text}' is not a whole number from {least} to {most}."));
            return null;
        },
    };
}
