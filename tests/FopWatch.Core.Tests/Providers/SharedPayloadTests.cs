using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Core.Tests.Providers;

/// <summary>Payloads that people posted and providers documented. They are not part of the project; without them this is skipped.</summary>
public class SharedPayloadTests
{
    [Theory]
    [InlineData("qiniu-docs-2024-failing-item-FRAGMENT.json", ProviderKind.Qiniu, "16864pauo1vc9nhp12", JobState.Failed)]
    [InlineData("qiniu-docs-success-4items-2014.json", ProviderKind.Qiniu, "16864pauo1vc9nhp12", JobState.Succeeded)]
    [InlineData("qiniu-notify-2013-pythonrepr.json", ProviderKind.Qiniu, "168739cd2fn1g76f13", JobState.Succeeded)]
    [InlineData("qiniu-notify-failed-z0-m3u8-2015.json", ProviderKind.Qiniu, "z0.560ea5687823de5a49c273a0", JobState.Failed)]
    [InlineData("qiniu-notify-success-z0-amr-2019.json", ProviderKind.Qiniu, "z0.0A22344148402AA8255D522F4F27B893", JobState.Succeeded)]
    [InlineData("qiniu-notify-success-z0-m3u8-2015.json", ProviderKind.Qiniu, "z0.560e99c37823de5a49c22393", JobState.Succeeded)]
    [InlineData("qiniu-notify-success-z2-mp4-2018.json", ProviderKind.Qiniu, "z2.5bcaf053e3d0040979f7c881", JobState.Succeeded)]
    [InlineData("qiniu-prefop-code4-callback-failed-2014.json", ProviderKind.Qiniu, "xxxxxxxxxxxxx", JobState.Succeeded)]
    [InlineData("qiniu-prefop-processing-z1-2017.json", ProviderKind.Qiniu, "z1.5a2e59fb8a3c0c379465f6fc", null)]
    [InlineData("qiniu-prefop-success-z1-2017.json", ProviderKind.Qiniu, "z1.593edb8f8a3c0c3794e3b6ea", JobState.Succeeded)]
    [InlineData("qiniu-workflow-v2-notify-docs-FRAGMENT.json", ProviderKind.Qiniu, "z0.AC11000120BD46928D5E155129025B1D", JobState.Succeeded)]
    [InlineData("qiniu-workflow-v3-notify-SKELETON.json", ProviderKind.Qiniu, "string", JobState.Succeeded)]
    [InlineData("wangsu-fmgr-notify-success-docs-2023.json", ProviderKind.WangsuFmgr, "20105464540f197414d51a861240d921ef206", JobState.Succeeded)]
    [InlineData("wangsu-fmgr-notify-success-docs-2023.raw.txt", ProviderKind.WangsuFmgr, "20105464540f197414d51a861240d921ef206", JobState.Succeeded)]
    [InlineData("wangsu-fops-notify-success-3items-2017.json", ProviderKind.WangsuFops, "10051e41d2225f6e47eea6f086fa6482336f", JobState.Succeeded)]
    public void Payloads_decode_as_expected(string file, ProviderKind kind, string id, JobState? outcome)
    {
        var report = Read(file, kind, ReportChannel.Notification).Report!;

        Assert.Equal((id, outcome), (report.Id, report.Facts.Outcome));
        Assert.NotEmpty(report.Facts.Items);
        Assert.Equal(report.Facts.Items, Read(file, kind, ReportChannel.Poll).Report!.Facts.Items);
    }

    [Theory]
    [InlineData("qiniu-notify-success-z0-amr-2019.json", ProviderKind.Qiniu, "huoniao", "d76d4a6ac6b9f2632e132c059259687f.mp3", null)]
    [InlineData("wangsu-fmgr-notify-success-docs-2023.raw.txt", ProviderKind.WangsuFmgr, "w-transcode-region105", "test_src_file_1691978251166.mp4", 6437836L)]
    [InlineData("wangsu-fops-notify-success-3items-2017.json", ProviderKind.WangsuFops, "wuli-video", "591c162673c8acfd6da576e4.mp4", 368516L)]
    public void Outputs_are_where_the_payload_says(string file, ProviderKind kind, string bucket, string key, long? size)
    {
        var output = Assert.Single(Read(file, kind, ReportChannel.Notification).Report!.Facts.Items[0].Outputs);
        Assert.Equal((bucket, key, size), (output.Bucket, output.Key, output.Size));
    }

    [Fact]
    public void A_key_in_a_payload_is_redacted_and_its_address_is_not()
    {
        var item = Assert.Single(Read("qiniu-prefop-processing-z1-2017.json", ProviderKind.Qiniu, ReportChannel.Poll).Report!.Facts.Items);
        Assert.Contains("/hlsKey/***/hlsKeyUrl/aHR0cDov", item.Command, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("qiniu-prefop-not-found.json", ProviderKind.Qiniu)]
    [InlineData("wangsu-query-error-SCHEMA.json", ProviderKind.WangsuFops)]
    public void Errors_are_no_reports(string file, ProviderKind kind) => Assert.NotNull(Read(file, kind, ReportChannel.Poll).Problem);

    private static Decoded Read(string file, ProviderKind kind, ReportChannel channel) =>
        ProviderKinds.For(kind).Decode(channel, SharedPayloads.Read(file));
}
