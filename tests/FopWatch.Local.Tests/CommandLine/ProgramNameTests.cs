using FopWatch.Local.CommandLine;

namespace FopWatch.Local.Tests.CommandLine;

public sealed class ProgramNameTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string Root => _folder.FullName;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", "src/FopWatch.Local")]
    [InlineData("src", "FopWatch.Local")]
    [InlineData("src/FopWatch.Local", ".")]
    [InlineData("tests", "../src/FopWatch.Local")]
    public void In_a_clone_the_program_is_named_as_dotnet_run_from_the_users_directory(string current, string project)
    {
        var output = Directory.CreateDirectory(Path.Combine(Root, "src/FopWatch.Local/bin/Debug/net10.0")).FullName + "/";
        File.WriteAllText(Path.Combine(Root, "src/FopWatch.Local/FopWatch.Local.csproj"), "");

        foreach (var process in (string[])[Path.Combine(output, "fopwatch"), "/usr/bin/dotnet"])
            Assert.Equal($"dotnet run --project {project} --", ProgramName.Of(output, process, Path.Combine(Root, current), "/usr/bin"));
    }

    [Fact]
    public void A_published_program_is_named_by_its_file_name_if_on_the_path_and_by_its_path_otherwise()
    {
        var process = Program("fopwatch");

        Assert.Equal("fopwatch", ProgramName.Of(Root + "/", process, "/", $"/usr/bin:{Root}/"));
        Assert.Equal("./fopwatch", ProgramName.Of(Root + "/", process, Root, "/usr/bin"));
        Assert.Equal("../fopwatch", ProgramName.Of(Root + "/", process, Path.Combine(Root, "below"), null));
        Assert.Equal("dotnet fopwatch.dll", ProgramName.Of(Root + "/", "/usr/bin/dotnet", Root, "/usr/bin"));
        Assert.Equal("dnx fopwatch", ProgramName.Of("/home/user/.nuget/packages/fopwatch/1.2.3/tools/net10.0/any/", "/usr/bin/dotnet", Root, "/usr/bin"));
        Assert.Equal("'/opt/my programs/fopwatch'", ProgramName.Of("/opt/my programs/", "/opt/my programs/fopwatch", "/home/user/a/b/c/d/e/f/g", null));
    }

    /// <summary>The installation of docs/operating.md: a folder per version, a link to the one in use, and a link to the program on the PATH.</summary>
    [Fact]
    public void An_installation_that_the_PATH_reaches_over_links_is_named_by_its_file_name()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a right on Windows.");
        var process = Program("opt/fopwatch-1.0.0/fopwatch");
        var (current, bin) = (Path.Combine(Root, "opt/fopwatch"), Directory.CreateDirectory(Path.Combine(Root, "bin")).FullName);
        Directory.CreateSymbolicLink(current, Path.GetDirectoryName(process)!);
        File.CreateSymbolicLink(Path.Combine(bin, "fopwatch"), Path.Combine(current, "fopwatch"));
        var relative = Directory.CreateDirectory(Path.Combine(Root, "relative")).FullName;
        File.CreateSymbolicLink(Path.Combine(relative, "fopwatch"), "../bin/fopwatch");

        foreach (var path in (string[])[bin, current, relative, $"/usr/bin:{bin}"])
            Assert.Equal("fopwatch", ProgramName.Of(Path.GetDirectoryName(process) + "/", process, Root, path));
    }

    [Fact]
    public void Another_program_of_the_same_name_earlier_on_the_PATH_is_not_meant()
    {
        var (process, other) = (Program("new/fopwatch"), Program("old/fopwatch"));

        var name = ProgramName.Of(
            Path.GetDirectoryName(process) + "/", process, Root, string.Join(Path.PathSeparator, Path.GetDirectoryName(other), Path.GetDirectoryName(process)));

        Assert.Equal("new/fopwatch", name);
    }

    private string Program(string name)
    {
        var path = Path.Combine(Root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "");
        return path;
    }
}
