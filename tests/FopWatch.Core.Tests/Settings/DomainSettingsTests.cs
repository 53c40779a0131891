using FopWatch.Settings;
using static FopWatch.Core.Tests.Settings.FopWatchSettingsTests;

namespace FopWatch.Core.Tests.Settings;

/// <summary>The domains under which outputs are served.</summary>
public class DomainSettingsTests
{
    [Fact]
    public void Domains_are_a_map_or_a_list()
    {
        var settings = new Dictionary<string, string?>(Right)
        {
            ["Sources:media:Domains:course-video"] = "https://cdn.example.com/v",
            ["Sources:files:Domains:0:Bucket"] = "covers.2026",
            ["Sources:files:Domains:0:Url"] = "http://covers.example.com",
            ["Sources:files:Domains:plain"] = "https://plain.example.com",
        };

        var sources = FopWatchSettings.Read(settings).Sources;

        Assert.Equal("https://cdn.example.com/v/a", sources.Find("media")!.Domains.UrlOf("course-video", "a"));
        Assert.Equal("http://covers.example.com/a", sources.Find("files")!.Domains.UrlOf("covers.2026", "a"));
        Assert.Equal("https://plain.example.com/a", sources.Find("files")!.Domains.UrlOf("plain", "a"));
    }

    [Theory]
    [InlineData("cdn.example.com", "is not an http or https URL")]
    [InlineData("ftp://cdn.example.com", "is not an http or https URL")]
    [InlineData("https://cdn.example.com/?x=1", "has a query")]
    [InlineData("https://cdn.example.com/#x", "has a fragment")]
    [InlineData("https://user@cdn.example.com", "has a user")]
    public void A_domain_that_is_not_a_plain_URL_is_named_in_an_error(string url, string what)
    {
        var problem = Assert.Single(Problems(new() { ["Sources:media:Domains:b"] = url }));

        Assert.StartsWith($"FopWatch:Sources:media:Domains:b {what}", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void An_incomplete_or_repeated_domain_is_named_in_an_error()
    {
        Assert.StartsWith(
            "FopWatch:Sources:media:Domains:0:Bucket is missing",
            Assert.Single(Problems(new() { ["Sources:media:Domains:0:Url"] = "https://cdn.example.com" })),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "FopWatch:Sources:media:Domains:0:Url is missing",
            Assert.Single(Problems(new() { ["Sources:media:Domains:0:Bucket"] = "b" })),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "FopWatch:Sources:media:Domains:b names a bucket",
            Assert.Single(Problems(new()
            {
                ["Sources:media:Domains:0:Bucket"] = "b",
                ["Sources:media:Domains:0:Url"] = "https://cdn.example.com",
                ["Sources:media:Domains:b"] = "https://other.example.com",
            })),
            StringComparison.Ordinal);
        Assert.Contains("Domains:B", Assert.Single(Problems(new()
        {
            ["Sources:media:Domains:b"] = "https://cdn.example.com",
            ["Sources:media:Domains:B"] = "https://other.example.com",
        })), StringComparison.OrdinalIgnoreCase);
    }
}
