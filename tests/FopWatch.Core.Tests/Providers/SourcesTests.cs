using FopWatch.Providers;
using FopWatch.Settings;

namespace FopWatch.Core.Tests.Providers;

public class SourcesTests
{
    private static readonly Dictionary<string, string?> Whole = new()
    {
        ["Provider"] = "Qiniu",
        ["StatusEndpoint"] = "https://status.example.org",
        ["WorkflowEndpoint"] = "https://workflows.example.org",
        ["NotifyTokens:0"] = "token-one",
        ["NotifyTokens:1"] = "token-two",
        ["Keys:AK"] = "SK",
        ["Keys:AK2"] = "SK2",
        ["Domains:b"] = "https://cdn.example.org",
        ["Buckets:0"] = "b",
        ["Pipelines:0"] = "p",
        ["Trust"] = "Token",
        ["UploadCallback:IdField"] = "id",
        ["Poll:PerSecond"] = "5",
    };

    public static TheoryData<string> Settings => [.. Whole.Keys];

    [Fact]
    public void Sources_of_the_same_settings_are_equal()
    {
        var reordered = new Dictionary<string, string?>(Whole) { ["NotifyTokens:0"] = "token-two", ["NotifyTokens:1"] = "token-one" };
        Assert.Equal(Read(Whole), Read(Whole));
        Assert.Equal(Read(Whole), Read(reordered));
        Assert.Equal(Read(Whole).GetHashCode(), Read(reordered).GetHashCode());
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void A_source_with_one_other_setting_is_not_equal(string name)
    {
        var other = new Dictionary<string, string?>(Whole)
        {
            [name] = name switch { "Provider" => "WangsuFops", "Trust" => "Signature", "Poll:PerSecond" => "6", _ => Whole[name] + "x" },
        };
        if (name == "Provider")
        {
            foreach (var only in (string[])["WorkflowEndpoint", "Pipelines:0", "UploadCallback:IdField"])
                other.Remove(only);
        }

        Assert.NotEqual(Read(Whole), Read(other));
        Assert.NotEqual(Read(other), Read(Whole));
    }

    [Theory]
    [InlineData("NotifyTokens:1")]
    [InlineData("Keys:AK2")]
    [InlineData("Domains:b")]
    [InlineData("Buckets:0")]
    public void A_source_with_one_fewer_is_not_equal(string name)
    {
        var other = new Dictionary<string, string?>(Whole);
        other.Remove(name);
        Assert.NotEqual(Read(Whole), Read(other));
        Assert.NotEqual(Read(other), Read(Whole));
    }

    [Fact]
    public void A_source_with_a_token_twice_is_not_equal_to_one_with_two()
    {
        var twice = new Dictionary<string, string?>(Whole) { ["NotifyTokens:1"] = Whole["NotifyTokens:0"] };
        Assert.NotEqual(Read(twice), Read(Whole));
        Assert.NotEqual(Read(Whole), Read(twice));
    }

    [Fact]
    public void Equal_sources_replace_nothing()
    {
        var sources = new Sources([Read(Whole)]);
        var replaced = sources.Replaced;

        sources.Replace([Read(Whole)]);

        Assert.False(replaced.IsCancellationRequested);
        sources.Replace([]);
        Assert.True(replaced.IsCancellationRequested);
    }

    [Fact]
    public void What_replaces_them_is_there_at_once_and_an_equal_one_stays_the_same_object()
    {
        var (stays, changes) = (Read(Whole), Read(Whole) with { Name = "changes" });
        var sources = new Sources([stays, changes]);
        var (before, replaced) = (sources.All, sources.Replaced);

        sources.Replace([Read(Whole), changes with { Trust = TrustRule.Signature }, Read(Whole) with { Name = "added" }]);

        Assert.True(replaced.IsCancellationRequested);
        Assert.False(sources.Replaced.IsCancellationRequested);
        Assert.Same(stays, sources.Find("media"));
        Assert.Equal(TrustRule.Signature, sources.Find("changes")!.Trust);
        Assert.Equal(["added", "changes", "media"], sources.All.Select(source => source.Name).Order());
        Assert.Equal(["changes", "media"], before.Select(source => source.Name).Order());
    }

    private static Source Read(Dictionary<string, string?> settings) => Assert.Single(
        FopWatchSettings.Read(settings.ToDictionary(setting => $"Sources:media:{setting.Key}", setting => setting.Value)).Sources.All);
}
