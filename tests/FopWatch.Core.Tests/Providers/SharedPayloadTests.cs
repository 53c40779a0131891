using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Core.Tests.Providers;

/// <summary>Payloads posted by users and documented by providers. They are not part of the repository; without them these tests are skipped.</summary>
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
    [InlineData("qiniu-notify-before-upload-callback-2015.json", ProviderKind.Qiniu, "z0.56a1d0f67823de14f7aa0001", JobState.Succeeded)]
    [InlineData("qiniu-notify-hlskey-standard-base64-2020.json", ProviderKind.Qiniu, "z0.5e8c0f0638b9f349c8d1f3a1", JobState.Failed)]
    [InlineData("qiniu-notify-video-censor-300cuts-2019.json", ProviderKind.Qiniu, "z0.5d2410e138b9f31ea6a10a77", JobState.Succeeded)]
    [InlineData("qiniu-notify-workflow-v3-cond-2022.json", ProviderKind.Qiniu, "z0.01z001ce0ixqk6h1ku00rw2xv2000aaa", JobState.Succeeded)]
    [InlineData("qiniu-notify-workflow-v3-unsigned-2024.json", ProviderKind.Qiniu, "z0.01z001ce0ixqk6h1ku00rw2xv2000bbb", JobState.Succeeded)]
    [InlineData("qiniu-prefop-vsample-keys-2018.json", ProviderKind.Qiniu, "z0.5b2cd03638b9f324a561e56d", JobState.Succeeded)]
    [InlineData("wangsu-fmgr-notify-decompresslist-string-2025.json", ProviderKind.WangsuFmgr, "20107a3de90f197414d51a861240d921ef300", JobState.Succeeded)]
    [InlineData("wangsu-fmgr-notify-delete-2025.json", ProviderKind.WangsuFmgr, "20107a3de90f197414d51a861240d921ef301", JobState.Succeeded)]
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

    [Fact]
    public void A_key_with_a_slash_is_redacted_completely()
    {
        var facts = Read("qiniu-notify-hlskey-standard-base64-2020.json", ProviderKind.Qiniu, ReportChannel.Notification).Report!.Facts;
        Assert.Contains("/hlsKey/***/hlsKeyUrl/aHR0cDov", Assert.Single(facts.Items).Command, StringComparison.Ordinal);
        Assert.DoesNotContain("7dzLuqmYh3ZlVEMw", facts.Raw!.Value.Json, StringComparison.Ordinal);
    }

    [Fact]
    public void The_verdict_of_an_audit_is_read_with_all_its_frames()
    {
        var item = Assert.Single(Read("qiniu-notify-video-censor-300cuts-2019.json", ProviderKind.Qiniu, ReportChannel.Notification).Report!.Facts.Items);
        using var result = System.Text.Json.JsonDocument.Parse(item.Result!);
        var verdict = result.RootElement.GetProperty("result");
        Assert.Equal("block", verdict.GetProperty("suggestion").GetString());
        Assert.Equal(300, verdict.GetProperty("scenes").GetProperty("pulp").GetProperty("cuts").GetArrayLength());
        Assert.Null(item.ResultCut);
    }

    [Fact]
    public void A_list_in_a_string_a_deleted_file_and_a_condition_are_recognised()
    {
        var unpacked = Assert.Single(Read("wangsu-fmgr-notify-decompresslist-string-2025.json", ProviderKind.WangsuFmgr, ReportChannel.Notification).Report!.Facts.Items);
        Assert.Equal([("pack.zip", 6437836L), ("pack/a.mp4", 101L), ("pack/b.mp4", 202L)], unpacked.Outputs.Select(output => (output.Key, output.Size!.Value)));

        var deleted = Assert.Single(Read("wangsu-fmgr-notify-delete-2025.json", ProviderKind.WangsuFmgr, ReportChannel.Notification).Report!.Facts.Items);
        Assert.Equal(("dst-bucket", "old/a.mp4", 0), (deleted.Input!.Bucket, deleted.Input.Key, deleted.Outputs.Count));

        var workflow = Read("qiniu-notify-workflow-v3-cond-2022.json", ProviderKind.Qiniu, ReportChannel.Notification).Report!.Facts;
        Assert.Equal(["avinfo", "avthumb/m3u8/vb/2m", "avthumb/m3u8/vb/500k"], workflow.ItemsInOrder.Select(item => item.Command));
        Assert.Equal(new JobCounts(3, 2, 0, 0), workflow.Counts);
    }

    [Theory]
    [InlineData("qiniu-prefop-not-found.json", ProviderKind.Qiniu)]
    [InlineData("wangsu-query-error-SCHEMA.json", ProviderKind.WangsuFops)]
    public void Errors_are_not_reports(string file, ProviderKind kind) => Assert.NotNull(Read(file, kind, ReportChannel.Poll).Problem);

    private static Decoded Read(string file, ProviderKind kind, ReportChannel channel) =>
        ProviderKinds.For(kind).Decode(channel, SharedPayloads.Read(file));
}
