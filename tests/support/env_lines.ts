/** Lines of an environment file that all say that `SUPABASE_SECRET_KEY` is `KEY`, to every reader of such files. */
export const KEY = "sb_secret_of-the_file";

const NAME = "SUPABASE_SECRET_KEY";

export const LINES = [
  `${NAME}=${KEY}`,
  ` \texport \t${NAME}=${KEY}`,
  `${NAME}= ${KEY}`,
  `${NAME}=${KEY} \t`,
  `${NAME}=${KEY}\t# why`,
  `${NAME}=\t"${KEY}" # why`,
  `${NAME}='${KEY}'# why`,
  `${NAME}=another\n${NAME}=${KEY}\n#${NAME}=no`,
];
