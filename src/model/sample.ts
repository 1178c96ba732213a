/** The mark that services, runs and traces of the sample day begin with, and no others. */
export const sampleMark = "sample:";
