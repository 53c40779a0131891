using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Statistics;

namespace FopWatch.Core.Tests.Statistics;

public sealed class CommandClassTests
{
    [Theory]
    [InlineData("avthumb/mp4/s/640x360|saveas/YjprZXk=", "avthumb/mp4")]
    [InlineData("vframe/jpg/offset/7", "vframe/jpg")]
    [InlineData("imageMogr2/auto-orient", "imagemogr2")]
    [InlineData("avthumb/h265/s/640x360", "avthumb/h265")]
    [InlineData("adapt/m3u8/multiResolution/1", "adapt/m3u8")]
    [InlineData("mkzip/2/url/***", "mkzip")]
    [InlineData("avinfo", "avinfo")]
    [InlineData("avthumb/m3u8/hlsKey/***", "avthumb/m3u8")]

    // Arguments, encoded or redacted ones included, are not part of a class.
    [InlineData("saveas/bXktYnVja2V0OnNlY3JldA==", "saveas")]
    [InlineData("fetch/***", "fetch")]
    [InlineData("copy/0123456789abcdef0123", "copy")]
    [InlineData("myfop/13812345678", "myfop")]
    [InlineData("myfop/20261126", "myfop")]
    [InlineData("myfop/u-8f3a2c9d1e", "myfop")]
    [InlineData("pipe/secretpass1", "pipe")]
    [InlineData("a1b2c3d4e5f6a7b8c9d0e1", CommandClass.Other)]
    [InlineData("avthumb/13812345678", "avthumb")]
    [InlineData("avthumb/3gp", "avthumb")]
    [InlineData("avthumb/a1b2c3d4", "avthumb")]
    [InlineData("avthumb/elevenchars", "avthumb")]
    [InlineData("u-8f3a2c9d1e/mp4", CommandClass.Other)]

    // Idle-time tasks have their own classes, which no command can name.
    [InlineData("idle/mp4", "idle")]
    [InlineData("mp4", "mp4")]
    [InlineData("", CommandClass.Other)]
    [InlineData(null, CommandClass.Other)]
    [InlineData("/avthumb", CommandClass.Other)]
    [InlineData("0123456789abcdef", CommandClass.Other)]
    [InlineData("a-command-that-is-longer-than-any-name/mp4", CommandClass.Other)]
    [InlineData("avthumb mp4", CommandClass.Other)]
    [InlineData("аvthumb/mp4", CommandClass.Other)]
    public void A_class_is_the_first_words_of_a_command(string? command, string expected)
    {
        Assert.Equal(expected, CommandClass.Of(command, isIdle: false));
        Assert.Equal($"idle/{expected}", CommandClass.Of(command, isIdle: true));
        Assert.True(CommandClass.IsName($"idle/{expected}"));
    }

    [Fact]
    public void The_first_item_of_a_job_decides()
    {
        var facts = JobFacts.None.WithItems([new() { Command = "vframe/jpg/offset/7", State = ItemState.Waiting }, new() { Command = "avthumb/mp4", State = ItemState.Waiting }]);

        Assert.Equal("vframe/jpg", CommandClass.Of(facts));
        Assert.Equal("idle/vframe/jpg", CommandClass.Of(facts with { Idle = true }));
        Assert.Equal(CommandClass.Other, CommandClass.Of(JobFacts.None));
    }
}
