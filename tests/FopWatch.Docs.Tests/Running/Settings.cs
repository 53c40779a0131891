using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;

namespace FopWatch.Docs.Tests;

/// <summary>The settings in the README.</summary>
internal static partial class Settings
{
    /// <summary>The value for the first placeholder of an access key.</summary>
    public const string AccessKey = "access-key-1";

    /// <summary>The value for the first placeholder of a secret key.</summary>
    public const string SecretKey = "secret-key-of-sixteen-1";

    /// <summary>The value for the placeholder of the API key.</summary>
    public const string ApiKey = "api-key-of-a-reader";

    private static readonly Lazy<Block> Readme = new(() => Markdown.BlocksOfRepository().First(block =>
        block is { Document: "README.md", Language: "json" } && block.Attributes.ContainsKey(Block.FileName)));

    public static Block OfReadme => Readme.Value;

    /// <summary>The notify URL of the README's first source.</summary>
    public static string NotifyPath
    {
        get
        {
            var source = SourcesOfReadme()[0];
            return $"/api/notify/{source}/{Configuration(OfReadme.Text)[$"FopWatch:Sources:{source}:NotifyTokens:0"]}";
        }
    }

    /// <summary>Replaces each placeholder with a value.</summary>
    public static string Filled(string text)
    {
        var count = 0;
        return Placeholder().Replace(text, match =>
            match.Value == "<your API key>" ? ApiKey
            : match.Value.Contains("secret", StringComparison.Ordinal) ? $"secret-key-of-sixteen-{count}" : $"access-key-{++count}");
    }

    public static IReadOnlyList<string> SourcesOfReadme() =>
        [.. Configuration(OfReadme.Text).GetSection("FopWatch:Sources").GetChildren().Select(source => source.Key)];

    public static IConfigurationRoot Configuration(string json) =>
        new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json))).Build();

    [GeneratedRegex("<[a-zA-Z ]+>")]
    private static partial Regex Placeholder();
}
