using FopWatch.Settings;

namespace FopWatch.Core.Tests.Settings;

public class ApiKeySettingsTests
{
    private const string Key = "0123456789abcdef";

    private static readonly Dictionary<string, string?> Right = new()
    {
        ["Sources:media:Provider"] = "Qiniu",
        ["Sources:media:NotifyTokens:0"] = "abcdefgh",
        ["Sources:files:Provider"] = "Qiniu",
        ["Sources:files:NotifyTokens:0"] = "abcdefgh",
        ["ApiKeys:ops:Key"] = Key,
        ["ApiKeys:ops:Rights"] = "write",
        ["ApiKeys:lessons:Key"] = "another-key-of-16-and-more",
        ["ApiKeys:lessons:Rights"] = "Read",
        ["ApiKeys:lessons:Sources:0"] = "media",
        ["ApiKeys:lessons:Sources:1"] = "media",
    };

    [Fact]
    public void A_key_has_a_name_rights_and_sources()
    {
        var keys = FopWatchSettings.Read(Right).ApiKeys;

        var (ops, lessons) = (keys.Find(Key)!, keys.Find("another-key-of-16-and-more")!);
        Assert.Equal(("ops", KeyRights.Write, null), (ops.Name, ops.Rights, ops.Sources));
        Assert.Equal(("lessons", KeyRights.Read), (lessons.Name, lessons.Rights));
        Assert.Equal(["media"], lessons.Sources);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0123456789abcde")]
    [InlineData("0123456789abcdef ")]
    [InlineData("0123456789ABCDEF")]
    public void Nothing_else_is_a_key(string? given) => Assert.Null(FopWatchSettings.Read(Right).ApiKeys.Find(given));

    [Fact]
    public void Without_keys_no_value_is_one()
    {
        var keys = FopWatchSettings.Read([]).ApiKeys;

        Assert.True(keys.IsEmpty);
        Assert.Null(keys.Find(""));
        Assert.Null(keys.Find(null));
    }

    [Theory]
    [InlineData("ApiKeys:ops:Key", "short", "ApiKeys:ops:Key is shorter than 16 characters")]
    [InlineData("ApiKeys:ops:Key", " ", "ApiKeys:ops:Key is empty: give a key of at least 16 characters, or leave the setting out")]
    [InlineData("ApiKeys:ops:Key", null, "ApiKeys:ops:Key is empty: give a key of at least 16 characters, or leave the setting out")]
    [InlineData("ApiKeys:ops:Key", " 0123456789abcdef", "ApiKeys:ops:Key has whitespace around it or characters outside printable ASCII, which HTTP headers cannot carry")]
    [InlineData("ApiKeys:ops:Key", "another-key-of-16-and-more", "ApiKeys:ops:Key is the same as FopWatch:ApiKeys:lessons:Key")]
    [InlineData("ApiKeys:ops:Key", "<a key of your own>", "ApiKeys:ops:Key is a placeholder in angle brackets: replace it with the real value")]
    [InlineData("ApiKeys:ops:Key", "@Microsoft.KeyVault(x)", "ApiKeys:ops:Key is a reference that was not resolved: check that the secret exists and that the app's identity and network may read it")]
    [InlineData("ApiKeys:ops:Rights", "All", "ApiKeys:ops:Rights is 'All': it has to be one of Read, Write")]
    [InlineData("ApiKeys:ops:Rights", "1", "ApiKeys:ops:Rights is '1': it has to be one of Read, Write")]
    [InlineData("ApiKeys:ops:Rights", null, "ApiKeys:ops:Rights is missing: it has to be one of Read, Write")]
    [InlineData("ApiKeys:ops:Sources:0", "nobody", "ApiKeys:ops:Sources:0 is not the name of a configured source")]
    [InlineData("ApiKeys:ops:Sources:0", "Media", "ApiKeys:ops:Sources:0 is not the name of a configured source")]
    [InlineData("ApiKeys:ops:Sources", "media", "ApiKeys:ops:Sources is a single value: it takes a list")]
    [InlineData("ApiKeys:ops:Sources", null, "ApiKeys:ops:Sources is empty: give the name of at least one source, or leave the setting out for all sources")]
    [InlineData("ApiKeys:ops:Source", "media", "ApiKeys:ops:Source is not a setting of FopWatch; docs/settings.md lists them all. Did you mean FopWatch:ApiKeys:ops:Sources?")]
    [InlineData("ApiKeys:ops team:Rights", "Read", "ApiKeys:ops team is not a valid name: a key's name is 1 to 64 of A-Z a-z 0-9 _ -")]
    [InlineData("ApiKeys:Ops:Rights", "Read", "ApiKeys:ops is also written 'Ops': this name is case-sensitive, so write it the same way in the settings file and in the environment")]
    [InlineData("ApiKeys", "0123456789abcdef", "ApiKeys is a single value: it takes a map from names to values")]
    [InlineData("ApiKeys:more", "0123456789abcdef", "ApiKeys:more is a single value: it takes a map from names to values")]
    public void A_problem_names_the_setting_and_not_the_key(string name, string? value, string problem)
    {
        var settings = new Dictionary<string, string?>(Right) { [name] = value };
        if (name == "ApiKeys:ops:Rights" && value is null)
            settings.Remove(name);

        var problems = Assert.Throws<SettingsException>(() => FopWatchSettings.Read(settings)).Problems;

        Assert.Contains($"FopWatch:{problem}", problems);
        Assert.All(problems, one => Assert.DoesNotContain(Key, one, StringComparison.Ordinal));
    }

    [Fact]
    public void All_problems_are_reported_at_once()
    {
        var settings = new Dictionary<string, string?>(Right)
        {
            ["ApiKeys:ops:Key"] = "short",
            ["ApiKeys:lessons:Rights"] = "Everything",
            ["ApiKeys:lessons:Sources:0"] = "nobody",
            ["Sources:media:Provider"] = "Nobody",
        };
        settings.Add("ApiKeys:bare:Sources:0", "files");

        Assert.Equal(
            [
                "FopWatch:ApiKeys:bare:Key",
                "FopWatch:ApiKeys:bare:Rights",
                "FopWatch:ApiKeys:lessons:Rights",
                "FopWatch:ApiKeys:lessons:Sources:0",
                "FopWatch:ApiKeys:ops:Key",
                "FopWatch:Sources:media:Provider",
            ],
            Assert.Throws<SettingsException>(() => FopWatchSettings.Read(settings)).Problems.Select(problem => problem.Split(' ')[0]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Settings_written_as_text_contain_no_key() => Assert.DoesNotContain(Key, $"{FopWatchSettings.Read(Right)} {FopWatchSettings.Read(Right).ApiKeys}", StringComparison.Ordinal);
}
