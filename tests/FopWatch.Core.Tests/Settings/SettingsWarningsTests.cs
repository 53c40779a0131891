using FopWatch.Settings;
using static FopWatch.Core.Tests.Settings.FopWatchSettingsTests;

namespace FopWatch.Core.Tests.Settings;

/// <summary>Valid settings that cannot work or are unwise.</summary>
public class SettingsWarningsTests
{
    [Theory]
    [InlineData("http://127.0.0.1:7071", null, true)]
    [InlineData("http://127.8.8.8", null, true)]
    [InlineData("https://localhost", null, true)]
    [InlineData("https://hooks.localhost", null, true)]
    [InlineData("https://localhost.", null, true)]
    [InlineData("https://127.0.0.1.", null, true)]
    [InlineData("http://[::1]:7071", null, true)]
    [InlineData("http://[::ffff:127.0.0.1]:7071", null, true)]
    [InlineData("http://0.0.0.0:7071", null, true)]
    [InlineData("http://[::]:7071", null, true)]
    [InlineData(null, "http://0.0.0.0:7071", true)]
    [InlineData("https://hooks.lessons.test", "http://127.0.0.1:7071", false)]
    [InlineData("http://10.0.0.5", null, false)]
    [InlineData(null, null, false)]
    public void Notify_URLs_that_no_provider_can_reach_cause_a_warning(string? publicUrl, string? listening, bool warned)
    {
        var settings = FopWatchSettings.Read(new Dictionary<string, string?>(Right)
        {
            ["PublicUrl"] = publicUrl,
            ["Sources:files:StatusEndpoint"] = "https://mgr.lessons.test",
        });

        var warnings = settings.Warnings(listening is null ? null : new(listening));

        if (warned)
            Assert.StartsWith("No provider can reach the notify URLs: they begin with http", Assert.Single(warnings), StringComparison.Ordinal);
        else
            Assert.Empty(warnings);
    }

    [Theory]
    [InlineData("https://hooks.lessons.test/api/notify/media/abcdefgh", "https://hooks.lessons.test")]
    [InlineData("https://hooks.lessons.test:8443/watch/API/uploads", "https://hooks.lessons.test:8443/watch")]
    [InlineData("https://hooks.lessons.test//watch", "https://hooks.lessons.test")]
    [InlineData("https://hooks.lessons.test/watch//", "https://hooks.lessons.test/watch")]
    [InlineData("https://hooks.lessons.test/watch/", null)]
    [InlineData("https://hooks.lessons.test/api/notifyhub", null)]
    [InlineData("https://hooks.lessons.test/", null)]
    public void A_public_URL_with_the_notify_path_or_an_empty_segment_causes_a_warning(string publicUrl, string? right)
    {
        var settings = FopWatchSettings.Read(new Dictionary<string, string?>(Right)
        {
            ["PublicUrl"] = publicUrl,
            ["Sources:files:StatusEndpoint"] = "https://mgr.lessons.test",
        });

        var warnings = settings.Warnings(null);

        if (right is null)
            Assert.Empty(warnings);
        else
            Assert.Equal([$"FopWatch:PublicUrl has the path of a notify URL, or an empty segment. FopWatch appends /api/notify/SOURCE/TOKEN itself. Set it to {right}"], warnings);
    }

    [Theory]
    [InlineData("https://user:secret@hooks.lessons.test", "has a user (what is before '@')")]
    [InlineData("https://@hooks.lessons.test", "has a user (what is before '@')")]
    [InlineData("https://hooks.lessons.test?a=1", "has a query (what begins with '?')")]
    [InlineData("https://hooks.lessons.test/?", "has a query (what begins with '?')")]
    [InlineData("https://hooks.lessons.test#a", "has a fragment (what begins with '#')")]
    [InlineData("https://hooks.lessons.test/#", "has a fragment (what begins with '#')")]
    [InlineData("https://hooks.lessons.test/#?", "has a fragment (what begins with '#')")]
    [InlineData("https://hooks.lessons.test/a b", "has whitespace or an invisible character")]
    [InlineData("https://hooks.lessons.test/\u200b", "has whitespace or an invisible character")]
    [InlineData("https://hooks.lessons.test/a\tb", "has whitespace or an invisible character")]
    [InlineData("https:\\\\hooks.lessons.test", "has a backslash")]
    [InlineData("https://hooks.lessons.test\\a", "has a backslash")]
    public void A_URL_that_no_path_can_be_appended_to_is_not_a_public_URL(string publicUrl, string problem)
    {
        var problems = Assert.Throws<SettingsException>(() => FopWatchSettings.Read(new Dictionary<string, string?>(Right) { ["PublicUrl"] = publicUrl })).Problems;

        Assert.Equal([$"FopWatch:PublicUrl {problem}: give an http or https URL without it, such as https://hooks.example.com"], problems);
        Assert.Throws<SettingsException>(() => FopWatchSettings.Read(new Dictionary<string, string?>(Right) { ["Sources:files:StatusEndpoint"] = publicUrl }));
    }

    [Fact]
    public void The_documentations_example_hosts_cause_a_warning()
    {
        var warnings = FopWatchSettings.Read(Right).Warnings(null);

        Assert.Equal(2, warnings.Count);
        Assert.StartsWith("FopWatch:PublicUrl is the documentation's example, https://hooks.example.com/.", warnings[0], StringComparison.Ordinal);
        Assert.StartsWith("FopWatch:Sources:files:StatusEndpoint is the documentation's example, https://mgr.example.com/base.", warnings[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Signature", false, false, true)]
    [InlineData("Signature", true, false, false)]
    [InlineData("Signature", false, true, false)]
    [InlineData("Token", false, false, false)]
    public void A_source_without_keys_is_advised_to_list_its_buckets(string trust, bool hasKeys, bool hasBuckets, bool isAdvised)
    {
        var settings = FopWatchSettings.Read(new Dictionary<string, string?>
        {
            ["Sources:media:Provider"] = "Qiniu",
            ["Sources:media:NotifyTokens:0"] = "abcdefgh",
            ["Sources:media:Trust"] = trust,
            ["Sources:media:Keys:AK"] = hasKeys ? "SK" : null,
            ["Sources:media:Buckets:0"] = hasBuckets ? "lessons" : null,
        }.Where(setting => setting.Value is not null));

        var warnings = settings.Warnings(null);

        if (isAdvised)
            Assert.StartsWith("FopWatch:Sources:media has no Keys and no Buckets, so anyone who has its notify URL can", Assert.Single(warnings), StringComparison.Ordinal);
        else
            Assert.Empty(warnings);
    }

    [Fact]
    public void A_host_without_sources_gets_no_warning_about_its_notify_URLs() =>
        Assert.Empty(FopWatchSettings.Read(new Dictionary<string, string?> { ["PublicUrl"] = "http://127.0.0.1" }).Warnings(null));
}
