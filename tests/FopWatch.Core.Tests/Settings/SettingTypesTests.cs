using FopWatch.Settings;
using static FopWatch.Core.Tests.Settings.FopWatchSettingsTests;

namespace FopWatch.Core.Tests.Settings;

/// <summary>Values of the wrong type, and values that are empty or placeholders.</summary>
public class SettingTypesTests
{
    [Theory]
    [InlineData("Sources", "media", "Sources is a single value: it takes a map from names to values")]
    [InlineData("Sources:media", "Qiniu", "Sources:media is a single value: it takes a map from names to values")]
    [InlineData("Sources:media:Poll", "00:01:00", "Sources:media:Poll is a single value: it takes a map from names to values")]
    [InlineData("Sources:media:Keys", "ak:sk", "Sources:media:Keys is a single value: it takes a map from names to values")]
    [InlineData("Sources:media:Domains", "https://cdn.lessons.test", "Sources:media:Domains is a single value: it takes a map from names to values")]
    [InlineData("Sources:media:Keys:7", "sk", "Sources:media:Keys:7 is a single value: an element of a list of keys is { \"AccessKey\", \"SecretKey\" }")]
    [InlineData("Sources:media:Domains:0", "https://cdn.lessons.test", "Sources:media:Domains:0 is a single value: an element of a list of domains is { \"Bucket\", \"Url\" }")]
    [InlineData("Sources:media:Domains:my-bucket", "", "Sources:media:Domains:my-bucket is empty: give the URL that the bucket is served under, for example https://cdn.example.com")]
    [InlineData("Sources:media:NotifyTokens", "abcdefgh", "Sources:media:NotifyTokens is a single value: it takes a list")]
    [InlineData("Sources:media:NotifyTokens", "", "Sources:media:NotifyTokens is empty: give a list of at least one token, 8 to 64 of A-Z a-z 0-9 _ - each")]
    [InlineData("Sources:media:NotifyTokens", null, "Sources:media:NotifyTokens is empty: give a list of at least one token, 8 to 64 of A-Z a-z 0-9 _ - each")]
    [InlineData("Sources:media:Buckets", "lessons", "Sources:media:Buckets is a single value: it takes a list")]
    [InlineData("Sources:media:Buckets", "", "Sources:media:Buckets is empty: give a list of at least one name, or leave the setting out for any")]
    [InlineData("Sources:media:Buckets", null, "Sources:media:Buckets is empty: give a list of at least one name, or leave the setting out for any")]
    [InlineData("Sources:media:Pipelines", null, "Sources:media:Pipelines is empty: give a list of at least one name, or leave the setting out for any")]
    [InlineData("Sources:files:Pipelines", null, "Sources:files:Pipelines is empty: give a list of at least one name, or leave the setting out for any")]
    [InlineData("Sources:media:NotifyTokens:first", "abcdefgh", "Sources:media:NotifyTokens is a map: it takes a list")]
    [InlineData("Sources:media:NotifyTokens:1:Token", "abcdefgh", "Sources:media:NotifyTokens:1 is a map: it takes a single value")]
    [InlineData("Sources:media:Trust:0", "Token", "Sources:media:Trust is a map: it takes a single value")]
    [InlineData("PublicUrl:0", "https://hooks.example.com", "PublicUrl is a map: it takes a single value")]
    [InlineData("Sources:media:NotifyTokens:1", "", "Sources:media:NotifyTokens:1 is empty")]
    [InlineData("Sources:media:NotifyTokens:1", null, "Sources:media:NotifyTokens:1 is empty")]
    [InlineData("Sources:media:Keys:AK", "", "Sources:media:Keys:AK is empty")]
    [InlineData("Sources:media:Keys:AK", null, "Sources:media:Keys:AK has no secret key")]
    [InlineData("Sources:media:Keys:", "sk", "Sources:media:Keys: has an empty access key")]
    [InlineData("Sources:files:Keys:0:AccessKey", " ", "Sources:files:Keys:0:AccessKey is empty")]
    [InlineData("Sources:files:Keys:0:SecretKey", "", "Sources:files:Keys:0:SecretKey is empty")]
    [InlineData("Sources:files:Keys:0:AccessKey", null, "Sources:files:Keys:0:AccessKey is missing")]
    [InlineData("Sources:media:Keys:AK", "<secret key>", "Sources:media:Keys:AK is a placeholder in angle brackets: replace it with the real value")]
    [InlineData("Sources:media:Keys:<access key>", "SK", "Sources:media:Keys:<access key> has a placeholder in its name: replace the text in angle brackets with the real name")]
    [InlineData("Sources:files:Keys:0:SecretKey", "<secret key>", "Sources:files:Keys:0:SecretKey is a placeholder in angle brackets: replace it with the real value")]
    [InlineData("Sources:media:NotifyTokens:0", "<token>", "Sources:media:NotifyTokens:0 is a placeholder in angle brackets: replace it with the real value")]
    [InlineData("Sources:media:StatusEndpoint", "<MgrDomain>", "Sources:media:StatusEndpoint is a placeholder in angle brackets: replace it with the real value")]
    [InlineData("Sources:media:Provider", "", "Sources:media:Provider is empty: it has to be one of Qiniu, WangsuFmgr, WangsuFops")]
    [InlineData("MaxBodyBytes", "65536.5", "MaxBodyBytes is '65536.5', not a whole number from 65536 to 67108864")]
    [InlineData("MaxBodyBytes", "65536\0", "MaxBodyBytes is '65536\0', not a whole number from 65536 to 67108864")]
    public void A_value_of_the_wrong_type_an_empty_secret_and_a_placeholder_are_each_named_in_one_sentence(string name, string? value, string problem)
    {
        var settings = new Dictionary<string, string?>(Right) { [name] = value };
        if (name == "PublicUrl:0")
            settings.Remove("PublicUrl");
        if (name == "Sources:media:Trust:0")
            settings.Remove("Sources:media:Trust");
        if (name == "Sources:media:NotifyTokens")
        {
            settings.Remove("Sources:media:NotifyTokens:0");
            settings.Remove("Sources:media:NotifyTokens:1");
        }

        if (name == "Sources:media:NotifyTokens:1:Token")
            settings.Remove("Sources:media:NotifyTokens:1");

        var problems = Assert.Throws<SettingsException>(() => FopWatchSettings.Read(settings)).Problems;

        Assert.Equal($"FopWatch:{problem}", Assert.Single(problems));
    }

    [Fact]
    public void A_value_written_as_a_list_is_reported_as_one()
    {
        Dictionary<string, string?> settings = new() { ["Sources:0:Provider"] = "Qiniu", ["Sources:0:NotifyTokens:0"] = "abcdefgh", ["PublicUrl:0"] = "x" };

        Assert.Single(Assert.Throws<SettingsException>(() => FopWatchSettings.Read(settings)).Problems);
        var problems = Assert.Throws<SettingsException>(() => FopWatchSettings.Read(settings, (_, shared) => shared, ["Sources", "PublicUrl"])).Problems;

        Assert.Equal(["FopWatch:PublicUrl is a list: it takes a single value", "FopWatch:Sources is a list: it takes a map from names to values"], problems.Order());
    }

    [Fact]
    public void A_setting_of_the_hosts_own_has_its_type_too()
    {
        Dictionary<string, string?> settings = new() { ["ApiKey:0"] = "x", ["Tables"] = "x", ["Tables:Name:0"] = "x" };

        var problems = Assert.Throws<SettingsException>(() => FopWatchSettings.Read(settings, Own)).Problems;

        static string? Own(SettingsReader reader, FopWatchSettings shared)
        {
            reader.Below("Tables");
            reader.Text("ApiKey");
            return reader.Text("Tables:Name");
        }

        Assert.Equal(
            ["FopWatch:ApiKey is a map: it takes a single value", "FopWatch:Tables is a single value: it takes a map from names to values", "FopWatch:Tables:Name is a map: it takes a single value"],
            problems.Order());
    }
}
